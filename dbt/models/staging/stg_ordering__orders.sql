-- Grain: one row per order. What the first version of the event did not tell was not charged.
select
    event_id,
    day,
    occurred_at as placed_at,
    order_id,
    customer_id,
    source,
    currency,
    total_minor,
    coalesce(delivery_minor, 0) as delivery_minor,
    coalesce(tax_minor, 0) as tax_minor,
    coalesce(is_tax_included, false) as is_tax_included,
    promotion_code,
    seller_id,
    group_id,
    recommendation_id
from {{ source('lake', 'ordering_order_placed') }}
