"""Seconds-fresh features: the last interactions of each person, from Kafka into Valkey."""
