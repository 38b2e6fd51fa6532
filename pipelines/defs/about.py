"""What people read about an asset: who owns it, where its table is, and by when it should have been made."""

import os
from datetime import timedelta

import dagster as dg

from ingestion.contracts import TOPICS

# The team that answers for figures; the teams of topics answer for what is said there.
ANALYTICS = "team:analytics"
PLATFORM = "team:platform"
SCIENCE = "team:science"
HOURLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=4), warn_window=timedelta(hours=2))
DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=3), warn_window=timedelta(hours=30))
# A server that is away for a moment. What was done stays done: each step begins where it stopped.
RETRIES = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def owner_of(topic: str) -> str:
    """The team that owns a topic's events, in Dagster's words."""
    return f"team:{TOPICS[topic].owner.lower()}"


def table(name: str) -> dict[str, dg.MetadataValue]:
    """Which table an asset is."""
    return {"dagster/table_name": dg.MetadataValue.text(name)}


def docs_link(model: str) -> dict[str, dg.MetadataValue]:
    """The page of a dbt model, where the environment serves docs."""
    address = os.environ.get("AGORA_PIPELINES_DOCS_URL")
    return {"docs": dg.MetadataValue.url(f"{address}/dbt/#!/model/model.agora.{model}")} if address else {}
