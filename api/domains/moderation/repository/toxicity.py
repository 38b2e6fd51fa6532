"""The toxicity model as the pipelines left it."""

import numpy as np
from sqlalchemy import text

from api.core.db import Reader
from ml.moderation.serving import BUCKETS, Scorer

_MODEL = text("SELECT weights, bias FROM serving.toxicity WHERE version = :version")


async def load(reader: Reader, version: int) -> Scorer | None:
    """One version; None where it was taken away meanwhile. Raises ValueError where it has another size."""
    row = (await reader.execute(_MODEL, {"version": version})).one_or_none()
    if row is None:
        return None
    weights = np.frombuffer(row.weights, "<f4")
    if weights.shape != (BUCKETS,):
        raise ValueError(f"version {version} has {len(weights)} weights, not {BUCKETS}")
    return Scorer(weights, float(row.bias))
