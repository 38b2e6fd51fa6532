-- Grain: one row per thing that somebody did with a product: looked at it, put it into the cart, wished for it, rated
-- it, bought it. A view: what was stitched to a person later is theirs at once. All parts have the same types, else
-- Postgres makes the whole of it before it looks at a condition.
{{ config(materialized='view') }}

select
    event_id,
    null::bigint as line_number,
    day,
    occurred_at,
    case kind when 'product_viewed' then 'viewed' else 'carted' end as kind,
    coalesce(customer_id, anonymous_id) as person_id,
    customer_id,
    product_id,
    coalesce(quantity, 1) as quantity,
    null::bigint as rating,
    recommendation_id,
    session_id
from {{ ref('int_analytics__session_events') }}
where kind in ('product_viewed', 'cart_item_added')
union all
select
    event_id,
    null as line_number,
    day,
    occurred_at,
    'wished' as kind,
    customer_id as person_id,
    customer_id,
    product_id,
    1::bigint as quantity,
    null as rating,
    null as recommendation_id,
    null as session_id
from {{ ref('stg_catalog__wishes') }}
where is_wished
union all
select
    event_id,
    null as line_number,
    day,
    occurred_at,
    'rated' as kind,
    customer_id as person_id,
    customer_id,
    product_id,
    1::bigint as quantity,
    rating,
    null as recommendation_id,
    null as session_id
from {{ ref('stg_catalog__reviews') }}
where is_published
union all
select
    orders.event_id,
    lines.line_number,
    lines.order_day as day,
    lines.placed_at as occurred_at,
    'bought' as kind,
    lines.customer_id as person_id,
    lines.customer_id,
    lines.product_id,
    lines.quantity,
    null as rating,
    orders.recommendation_id,
    null as session_id
from {{ ref('fct_order_lines') }} as lines
inner join {{ ref('fct_orders') }} as orders on lines.order_id = orders.order_id
where not lines.is_cancelled
