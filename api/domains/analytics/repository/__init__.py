"""Reads the warehouse; nothing here is written by the API."""
