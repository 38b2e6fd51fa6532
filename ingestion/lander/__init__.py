"""The lander: records from Kafka into raw Iceberg tables, each exactly once."""
