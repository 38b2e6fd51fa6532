"""What each figure means, once for all pages: its words, and the mart and column that hold it.

The way back from a figure (`/data/lineage/<key>`) starts at `model`.
"""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["money", "number", "share", "score"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of the dashboards. `model` is a table of the warehouse, `expression` what is taken of it.

    A figure that does not come out of the warehouse has no model, and no way back to show.
    """

    key: str
    title: str
    meaning: str
    unit: Unit
    model: str
    expression: str


_ALL = (
    Metric(
        "revenue",
        "Revenue",
        "What customers were charged for orders placed in the period, after discounts. Orders that were cancelled"
        " later are left out, also from the days before the cancellation.",
        "money",
        "marts.fct_orders",
        "sum(total_minor) where not is_cancelled",
    ),
    Metric(
        "orders",
        "Orders",
        "Orders placed in the period that have not been cancelled. With a department or category chosen: those with at"
        " least one line of it.",
        "number",
        "marts.fct_orders",
        "count(*) where not is_cancelled",
    ),
    Metric(
        "average_order",
        "Average order",
        "Revenue divided by orders.",
        "money",
        "marts.fct_orders",
        "sum(total_minor) / count(*) where not is_cancelled",
    ),
    Metric(
        "units",
        "Units",
        "Pieces on the lines of the orders that count.",
        "number",
        "marts.fct_order_lines",
        "sum(quantity) where not is_cancelled",
    ),
    Metric(
        "discounts",
        "Discounts",
        "What was taken off the list prices of the orders that count: promotions, coupons and cuts together.",
        "money",
        "marts.fct_order_lines",
        "sum(discount_minor) where not is_cancelled",
    ),
    Metric(
        "new_customers",
        "New customers",
        "People whose very first order was placed in the period, cancelled or not.",
        "number",
        "marts.mart_daily_sales",
        "sum(new_customers)",
    ),
    Metric(
        "buyers",
        "Customers with an order",
        "Different people who placed an order in the period, cancelled or not.",
        "number",
        "marts.fct_orders",
        "count(distinct customer_id)",
    ),
    Metric(
        "returning_share",
        "Returning",
        "Of the people with an order in the period, the share whose first order was before it.",
        "share",
        "marts.fct_orders",
        "customers with an earlier order / customers with an order",
    ),
    Metric(
        "revenue_per_customer",
        "Revenue per customer",
        "Revenue divided by the different people with an order in the period.",
        "money",
        "marts.fct_orders",
        "sum(total_minor) / count(distinct customer_id)",
    ),
    Metric(
        "retention",
        "Retention",
        "Of the people whose first order was in a given week, the share who ordered again so many weeks later. The week"
        " that is not over yet is left out.",
        "share",
        "marts.dim_customers",
        "customers of the cohort with an order in week n / customers of the cohort",
    ),
    Metric(
        "visits",
        "Visits",
        "Sessions: what one visitor did without a pause of more than 30 minutes, counted on the day on which it began.",
        "number",
        "marts.mart_funnel",
        "sum(sessions)",
    ),
    Metric(
        "active_customers",
        "Active customers",
        "Different people with an order in a week from Monday; new are those whose first week it was.",
        "number",
        "marts.mart_customers_weekly",
        "active",
    ),
    Metric(
        "product_revenue",
        "Revenue of a product",
        "Lines of orders that count, after discounts, of the 28 days that end with the newest order.",
        "money",
        "marts.mart_product_sales",
        "revenue_minor_28d",
    ),
    Metric(
        "received",
        "Received",
        "Pieces that came into stock with deliveries in the period.",
        "number",
        "lake.inventory_stock_moved",
        "sum(quantity) where movement = 'received'",
    ),
    Metric(
        "shipped",
        "Shipped",
        "Pieces that left the house with parcels in the period.",
        "number",
        "lake.inventory_stock_moved",
        "sum(quantity) where movement = 'shipped'",
    ),
    Metric(
        "on_hand",
        "On hand",
        "Pieces on all shelves at this moment, those for orders and checkouts included. From the shop itself, not from"
        " the warehouse.",
        "number",
        "",
        "",
    ),
    Metric(
        "sold_out",
        "Sold out",
        "Variants of which nothing is left to sell at a place at this moment. From the shop itself.",
        "number",
        "",
        "",
    ),
    Metric(
        "ndcg",
        "NDCG at 10",
        "How well the first ten recommendations of a model fit what the same people bought afterwards, the first places"
        " counting most; 1 is perfect. Measured on orders that the model had not seen.",
        "score",
        "",
        "",
    ),
    Metric(
        "recall",
        "Recall at 20",
        "The share of what people bought afterwards that was among the first twenty recommendations.",
        "score",
        "",
        "",
    ),
    Metric(
        "coverage",
        "Coverage at 10",
        "The share of all products that are recommended to at least one person among the first ten.",
        "share",
        "",
        "",
    ),
)
_OF_THE_STREAM = (
    Metric(
        "visitors",
        "Visitors",
        "Different browsers and apps that looked at a page, searched, filled a cart or began to check out.",
        "number",
        "lake.analytics_page_viewed",
        "count(distinct anonymous_id), of all behaviour events",
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
METRICS = {metric.key: metric for metric in (*_ALL, *_OF_THE_STREAM)}
