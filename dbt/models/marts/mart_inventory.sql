-- Grain: one row per day and product whose stock moved. What is on hand at the end is the sum of everything until then.
{{ config(indexes=[{'columns': ['day']}, {'columns': ['product_id']}]) }}

with movements as (
    select
        day,
        product_id,
        coalesce(sum(quantity) filter (where movement = 'received'), 0)::bigint as received,
        coalesce(sum(quantity) filter (where movement = 'allocated'), 0)::bigint as allocated,
        coalesce(sum(quantity) filter (where movement = 'released'), 0)::bigint as released,
        coalesce(sum(quantity) filter (where movement = 'shipped'), 0)::bigint as shipped,
        coalesce(sum(quantity) filter (where movement = 'returned'), 0)::bigint as returned,
        coalesce(sum(quantity) filter (where movement = 'adjusted'), 0)::bigint as adjusted
    from {{ ref('stg_inventory__stock_movements') }}
    group by day, product_id
)

select
    day,
    product_id,
    received,
    allocated,
    released,
    shipped,
    returned,
    adjusted,
    sum(received + returned + adjusted - shipped) over (partition by product_id order by day)::bigint as on_hand,
    sum(allocated - released - shipped) over (partition by product_id order by day)::bigint as held
from movements
