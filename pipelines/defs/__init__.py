"""Dagster definitions, one package for each group of assets."""
