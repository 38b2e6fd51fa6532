-- Grain: one row per day, currency, source and part of the assortment: a department (its category empty) or one of its
-- categories. An order counts once in each part that it has lines of, so orders are counted for both, never summed from
-- one to the other. A product that moved to another shelf moves with everything that was ever sold of it.
-- depends_on: {{ ref('int_ordering__touched_days') }}
-- depends_on: {{ ref('stg_catalog__products') }}
-- depends_on: {{ source('lake', 'touched_days') }}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='order_day',
        indexes=[{'columns': ['order_day']}],
    )
}}

with lines as (
    select
        sold.*,
        products.department,
        products.category
    from {{ ref('fct_order_lines') }} as sold
    inner join {{ ref('dim_products') }} as products on sold.product_id = products.product_id
    {% if is_incremental() %}
        where
            sold.order_day in (
                select touched.day from {{ ref('int_ordering__touched_days') }} as touched
                union
                select before.order_day
                from {{ ref('fct_order_lines') }} as before
                inner join {{ ref('stg_catalog__products') }} as told on before.product_id = told.product_id
                where told.day in ({{ touched_days(['catalog_product_published']) }})
            )
    {% endif %}
)

select
    order_day,
    currency,
    source,
    department,
    category,
    count(distinct order_id) filter (where not is_cancelled) as orders,
    coalesce(sum(quantity) filter (where not is_cancelled), 0)::bigint as units,
    coalesce(sum(total_minor) filter (where not is_cancelled), 0)::bigint as revenue_minor,
    coalesce(sum(discount_minor) filter (where not is_cancelled), 0)::bigint as discount_minor
from lines
group by grouping sets (
    (order_day, currency, source, department),
    (order_day, currency, source, department, category)
)
