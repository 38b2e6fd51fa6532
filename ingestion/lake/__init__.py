"""The lake: Iceberg tables on S3, their catalogue in Postgres."""
