"""What a customer saw at an order: prices, stock and rankings of that moment, replayed from the lake's events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import polars as pl

from pipelines.lib.query import lake
from pipelines.lib.settings import Settings

# The first variant of a product has its number. What an order itself took had not been taken when it was seen.
_LINES = """
    with placed as (
        select order_id, occurred_at as placed_at, unnest(lines) as line
        from typed.ordering_order_placed where order_id = '{order_id}'
    ),
    bought as (
        select placed_at, line.line_number, line.product_id, coalesce(line.variant_id, line.product_id) as variant_id,
            line.quantity, line.unit_price_minor, line.discount_minor, line.total_minor
        from placed
    ),
    prices as (
        select product_id as variant_id, occurred_at, kafka_offset, price_minor
        from typed.catalog_product_published
        union all
        select variant_id, occurred_at, kafka_offset, price_minor from typed.catalog_variant_published
        union all
        select variant_id, occurred_at, kafka_offset, new_price_minor from typed.catalog_price_changed
    ),
    listed as (
        select bought.line_number, arg_max(price_minor, (prices.occurred_at, kafka_offset)) as list_price_minor
        from bought join prices on prices.variant_id = bought.variant_id and prices.occurred_at <= placed_at
        group by bought.line_number
    ),
    named as (
        select bought.line_number, arg_max(title, (occurred_at, kafka_offset)) as title
        from bought join typed.catalog_product_published as product
            on product.product_id = bought.product_id and occurred_at <= placed_at
        group by bought.line_number
    ),
    stocked as (
        select bought.line_number, sum(case movement
            when 'received' then moved.quantity when 'returned' then moved.quantity
            when 'adjusted' then moved.quantity when 'released' then moved.quantity
            when 'allocated' then -moved.quantity else 0 end)::bigint as available
        from bought join typed.inventory_stock_moved as moved
            on coalesce(moved.variant_id, moved.product_id) = bought.variant_id and moved.occurred_at <= placed_at
        where moved.order_id is distinct from '{order_id}'
        group by bought.line_number
    )
    select bought.line_number, product_id, variant_id, title, list_price_minor, unit_price_minor, discount_minor,
        quantity, total_minor, available
    from bought left join listed using (line_number) left join named using (line_number)
        left join stocked using (line_number)
    order by line_number
"""
# A person is the customer, and every browser that was used while signed in.
_PEOPLE = """
    with placed as (
        select customer_id, occurred_at as placed_at from typed.ordering_order_placed where order_id = '{order_id}'
    ),
    people as (
        select customer_id as person from placed
        union
        select anonymous_id from typed.analytics_product_viewed join placed using (customer_id)
        union
        select anonymous_id from typed.analytics_cart_item_added join placed using (customer_id)
    )
"""
_RANKINGS = """
    {people}, shown as (
        select served.recommendation_id, served.occurred_at as served_at, surface, model, model_version,
            unnest(served.items) as item
        from typed.recommendations_recommendation_served as served cross join placed
        where (served.customer_id in (select person from people) or served.anonymous_id in (select person from people))
            and served.occurred_at between placed_at - interval '{hours} hours' and placed_at
    )
    select served_at, surface, item.position as position, item.product_id as product_id, item.reason as reason,
        item.score as score, item.propensity as propensity, model, model_version, recommendation_id
    from shown order by served_at desc, surface, position
"""
_VIEWS = """
    {people}
    select view.occurred_at as viewed_at, product_id, recommendation_id
    from typed.analytics_product_viewed as view cross join placed
    where (view.customer_id in (select person from people) or view.anonymous_id in (select person from people))
        and view.occurred_at between placed_at - interval '{hours} hours' and placed_at
    order by viewed_at desc
"""
_ORDER = """
    select order_id, occurred_at as placed_at, customer_id, source, currency, total_minor, promotion_code,
        recommendation_id, event_id, kafka_partition, kafka_offset
    from typed.ordering_order_placed where order_id = '{order_id}'
"""


@dataclass(frozen=True)
class Seen:
    """An order and what stood on the pages before it; money in minor units of the order's currency.

    `lines`: list price and available units at that moment beside what was charged, null where the lake knows nothing.
    `rankings`: every recommended item of the hours before, with model and version. `views`: product pages looked at.
    """

    order: dict[str, Any]
    lines: pl.DataFrame
    rankings: pl.DataFrame
    views: pl.DataFrame


def seen_at_order(
    order_id: UUID, hours: int = 24, at: datetime | None = None, settings: Settings | None = None
) -> Seen:
    """What the customer saw before an order. Raises LookupError where the lake has no such order.

    `at` reads the lake as it was at a time, for an answer that can be given again.
    """
    values = {"order_id": str(order_id), "hours": str(int(hours))}
    values["people"] = _PEOPLE.format(**values)
    found = lake(_ORDER.format(**values), at, settings)
    if found.is_empty():
        raise LookupError(f"the lake has no order {order_id}")
    lines, rankings, views = (lake(query.format(**values), at, settings) for query in (_LINES, _RANKINGS, _VIEWS))
    return Seen(found.row(0, named=True), lines, rankings, views)
