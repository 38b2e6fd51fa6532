"""What each figure means, once for all pages: its words, and the mart and the SQL that hold it.

Figures of the warehouse are defined as metrics of the dbt project. `python -m pipelines.lib.metrics` makes
`metrics.json` of them, and a test keeps both equal. The way back from a figure (`/data/lineage/<key>`) starts at
`model`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Unit = Literal["money", "number", "share", "score"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of the dashboards. `model` is a table of the warehouse, `expression` the SQL that is taken of it.

    A figure that does not come out of the warehouse has no model, and no way back to show.
    """

    key: str
    title: str
    meaning: str
    unit: Unit
    model: str = ""
    expression: str = ""


_OF_THE_WAREHOUSE = (Metric(**each) for each in json.loads((Path(__file__).parent / "metrics.json").read_bytes()))
_OF_THE_SHOP = (
    Metric(
        "on_hand",
        "On hand",
        "Pieces on all shelves at this moment, those for orders and checkouts included. From the shop itself, not from"
        " the warehouse.",
        "number",
    ),
    Metric(
        "sold_out",
        "Sold out",
        "Variants of which nothing is left to sell at a place at this moment. From the shop itself.",
        "number",
    ),
)
_OF_MODELS = (
    Metric(
        "ndcg",
        "NDCG at 10",
        "How well the first ten recommendations of a model fit what the same people bought afterwards, the first places"
        " counting most; 1 is perfect. Measured on orders that the model had not seen.",
        "score",
    ),
    Metric(
        "recall",
        "Recall at 20",
        "The share of what people bought afterwards that was among the first twenty recommendations.",
        "score",
    ),
    Metric(
        "coverage",
        "Coverage at 10",
        "The share of all products that are recommended to at least one person among the first ten.",
        "share",
    ),
)
METRICS = {metric.key: metric for metric in (*_OF_THE_WAREHOUSE, *_OF_THE_SHOP, *_OF_MODELS)}
