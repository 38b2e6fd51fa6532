-- Grain: one row. Built last, and only when the checks on all other marts have passed: the time that a dashboard shows
-- stands still while its figures are in doubt.
-- depends_on: {{ ref('dim_customers') }}
-- depends_on: {{ ref('mart_daily_sales') }}
-- depends_on: {{ ref('mart_funnel') }}
-- depends_on: {{ ref('mart_product_sales') }}
-- depends_on: {{ ref('mart_customers_weekly') }}
{% set tables = [
    'identity_customer_registered', 'identity_signed_in', 'catalog_product_published', 'inventory_stock_moved',
    'ordering_order_placed', 'ordering_order_cancelled', 'payments_payment_captured', 'payments_payment_declined',
    'analytics_page_viewed', 'analytics_product_viewed', 'analytics_search_performed', 'analytics_cart_item_added',
    'analytics_checkout_started', 'recommendations_recommendation_served',
] %}
with newest as (
    {% for table in tables %}
        select max(occurred_at) as occurred_at
        from {{ source('lake', table) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

-- A clock that runs ahead somewhere does not make the marts newer than they are.
select
    least(coalesce(max(occurred_at), now()), now()) as as_of,
    now() as built_at
from newest
