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
_OF_THE_STREAM = (
    Metric(
        "visitors",
        "Visitors",
        "Different browsers and apps that looked at a page; of the last half hour also those that searched, filled a"
        " cart or began to check out.",
        "number",
        "lake.analytics_page_viewed",
        "count(distinct anonymous_id)",
    ),
    Metric(
        "views",
        "Product views",
        "Product pages that were shown.",
        "number",
        "lake.analytics_product_viewed",
        "count(*)",
    ),
    Metric(
        "carts",
        "Put into carts",
        "Times that a product was put into a cart, whatever the quantity.",
        "number",
        "lake.analytics_cart_item_added",
        "count(*)",
    ),
    Metric(
        "checkouts",
        "Checkouts begun",
        "Times that somebody began to check out.",
        "number",
        "lake.analytics_checkout_started",
        "count(*)",
    ),
)
# A ratio of two relations, which dbt's metrics here cannot say.
_OF_SHELVES = (
    Metric(
        "catalogue_shown",
        "Catalogue shown",
        "Of all products, the share that stood on at least one recommended shelf in the period.",
        "share",
        "lake.recommendations_recommendation_served_items",
        "count(distinct product_id)::numeric / (select nullif(count(*), 0) from marts.dim_products)",
    ),
)
# The weeks of one person beside each other, which dbt's metrics here cannot say.
_OF_COMMUNITIES = (
    Metric(
        "community_retention",
        "Active again",
        "Of the people active in a week, the share who were active in the week after.",
        "share",
        "marts.fct_community_acts",
        "count(distinct customer_id)",
    ),
)
METRICS = {
    metric.key: metric
    for metric in (*(*_OF_THE_WAREHOUSE, *_OF_THE_STREAM, *_OF_SHELVES, *_OF_COMMUNITIES, *_OF_THE_SHOP, *_OF_MODELS),)
}
