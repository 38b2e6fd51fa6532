"""What analytics reads: the marts, and what the data plane says of itself. Nothing here is written by the API."""
