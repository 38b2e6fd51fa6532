-- Grain: one row per variant and time for which a price held (a dimension of type 2): joined where a fact's time is at
-- or after `valid_from` and before `valid_to`.
{{ config(indexes=[{'columns': ['variant_id', 'valid_from'], 'unique': True}]) }}

select
    variant_id,
    product_id,
    price_minor,
    currency,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    event_id
from {{ ref('int_catalog__prices') }}
