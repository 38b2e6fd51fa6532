"""Plain functions of the pipelines: everything Dagster runs can be called without Dagster."""
