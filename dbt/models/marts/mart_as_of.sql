-- Grain: one row. Built last, and only when the checks on all other marts have passed: the time that a dashboard shows
-- stands still while its figures are in doubt.
-- depends_on: {{ ref('dim_customer_segments') }}
-- depends_on: {{ ref('dim_customers') }}
-- depends_on: {{ ref('dim_prices') }}
-- depends_on: {{ ref('dim_products') }}
-- depends_on: {{ ref('fct_articles') }}
-- depends_on: {{ ref('fct_community_acts') }}
-- depends_on: {{ ref('fct_interactions') }}
-- depends_on: {{ ref('fct_order_events') }}
-- depends_on: {{ ref('fct_order_lines') }}
-- depends_on: {{ ref('fct_orders') }}
-- depends_on: {{ ref('fct_sessions') }}
-- depends_on: {{ ref('mart_articles') }}
-- depends_on: {{ ref('mart_communities') }}
-- depends_on: {{ ref('mart_customers_weekly') }}
-- depends_on: {{ ref('mart_daily_sales') }}
-- depends_on: {{ ref('mart_experiments') }}
-- depends_on: {{ ref('mart_exploration') }}
-- depends_on: {{ ref('mart_feed') }}
-- depends_on: {{ ref('mart_funnel') }}
-- depends_on: {{ ref('mart_inventory') }}
-- depends_on: {{ ref('mart_moderation') }}
-- depends_on: {{ ref('mart_moderation_rules') }}
-- depends_on: {{ ref('mart_orders') }}
-- depends_on: {{ ref('mart_payments') }}
-- depends_on: {{ ref('mart_product_sales') }}
-- depends_on: {{ ref('mart_products') }}
-- depends_on: {{ ref('mart_promotions') }}
-- depends_on: {{ ref('mart_recommendations') }}
-- depends_on: {{ ref('mart_retention') }}
-- depends_on: {{ ref('mart_revenue') }}
-- depends_on: {{ ref('mart_reviews') }}
-- depends_on: {{ ref('mart_sales_parts') }}
-- depends_on: {{ ref('mart_search') }}
-- depends_on: {{ ref('mart_sessions') }}
{% set tables = [
    'analytics_page_viewed', 'analytics_product_viewed', 'analytics_search_performed', 'analytics_cart_item_added',
    'analytics_checkout_started', 'catalog_product_published', 'catalog_variant_published', 'catalog_price_changed',
    'catalog_review_published', 'catalog_review_withdrawn', 'catalog_item_wished', 'catalog_item_unwished',
    'communities_post_published', 'communities_post_withdrawn', 'communities_comment_published',
    'communities_comment_withdrawn', 'communities_post_voted', 'communities_comment_voted',
    'communities_member_joined', 'communities_member_left', 'analytics_post_viewed', 'analytics_article_viewed',
    'content_article_started', 'content_article_published', 'content_article_withdrawn',
    'identity_customer_registered', 'identity_signed_in', 'inventory_stock_moved', 'ordering_order_placed',
    'moderation_case_opened', 'moderation_case_decided', 'moderation_decision_undone', 'moderation_text_judged',
    'moderation_subject_reported',
    'ordering_order_shipped', 'ordering_order_delivered', 'ordering_order_returned', 'ordering_order_cancelled',
    'payments_payment_captured', 'payments_payment_authorized', 'payments_payment_declined',
    'payments_payment_cancelled', 'payments_payment_refunded', 'payments_refund_failed', 'payments_dispute_opened',
    'payments_dispute_closed', 'recommendations_recommendation_served', 'recommendations_feed_served',
    'recommendations_post_removed',
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
