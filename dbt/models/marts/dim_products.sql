-- Grain: one row per product, as it was published last. A product that is known from order lines alone is there too,
-- marked as inferred.
{{ config(indexes=[{'columns': ['product_id'], 'unique': True}]) }}

with published as (
    select * from {{ ref('int_catalog__latest_products') }}
),

sold as (
    select distinct product_id from {{ ref('fct_order_lines') }}
)

select
    coalesce(published.product_id, sold.product_id) as product_id,
    published.sku,
    coalesce(published.title, 'Product ' || sold.product_id) as title,
    coalesce(published.department, 'Unknown') as department,
    coalesce(published.category, 'Unknown') as category,
    coalesce(published.product_type, 'Unknown') as product_type,
    coalesce(published.brand, 'Unknown') as brand,
    published.size,
    published.price_minor,
    published.currency,
    published.published_at,
    published.product_id is null as is_inferred
from published
full outer join sold on published.product_id = sold.product_id
