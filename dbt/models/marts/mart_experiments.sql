-- Grain: one row per experiment and variant. A unit counts for the variant of its first exposure, and with everything
-- that its person did from then on: who was assigned is compared, not who happened to look. An order of a person with
-- several units is the last exposed one's, so that it counts once.
with exposures as (
    select * from {{ ref('stg_recommendations__exposures') }}
),

first_exposures as (
    select distinct on (experiment_id, unit)
        experiment_id,
        unit,
        variant
    from exposures
    order by experiment_id, unit, exposed_at, event_id
),

clicks as (
    select distinct
        exposures.experiment_id,
        exposures.unit
    from exposures
    inner join {{ ref('int_analytics__session_events') }} as events
        on exposures.recommendation_id = events.recommendation_id
    where events.kind = 'product_viewed'
),

people as (
    select
        exposures.experiment_id,
        exposures.unit,
        exposures.exposed_at,
        coalesce(exposures.customer_id, identities.customer_id) as customer_id
    from exposures
    left join {{ ref('int_analytics__identities') }} as identities on exposures.anonymous_id = identities.anonymous_id
),

attributed as (
    select distinct on (people.experiment_id, orders.order_id)
        people.experiment_id,
        people.unit,
        orders.order_id,
        orders.total_minor,
        orders.refunded_minor,
        orders.is_cancelled
    from people
    inner join {{ ref('fct_orders') }} as orders
        on people.customer_id = orders.customer_id and people.exposed_at <= orders.placed_at
    order by people.experiment_id asc, orders.order_id asc, people.exposed_at desc, people.unit asc
),

reporters as (
    select distinct
        people.experiment_id,
        people.unit
    from people
    inner join {{ ref('stg_moderation__reports') }} as reports
        on people.customer_id = reports.reporter_id and people.exposed_at <= reports.reported_at
),

outcomes as (
    select
        experiment_id,
        unit,
        count(*) filter (where not is_cancelled) as orders,
        count(*) filter (where is_cancelled) as orders_cancelled,
        coalesce(sum(total_minor) filter (where not is_cancelled), 0) as revenue_minor,
        coalesce(sum(refunded_minor), 0) as refunded_minor
    from attributed
    group by experiment_id, unit
),

spans as (
    select
        experiment_id,
        min(exposed_at) as began_at,
        max(exposed_at) as last_at
    from exposures
    group by experiment_id
)

select
    first_exposures.experiment_id,
    first_exposures.variant,
    spans.began_at,
    spans.last_at,
    count(*) as units,
    count(clicks.unit) as units_clicked,
    count(*) filter (where outcomes.orders > 0) as units_ordered,
    count(*) filter (where outcomes.refunded_minor > 0) as units_refunded,
    count(reporters.unit) as units_reported,
    coalesce(sum(outcomes.orders), 0)::bigint as orders,
    coalesce(sum(outcomes.orders_cancelled), 0)::bigint as orders_cancelled,
    coalesce(sum(outcomes.revenue_minor), 0)::bigint as revenue_minor,
    coalesce(sum(outcomes.revenue_minor::double precision ^ 2), 0)::double precision as revenue_squares,
    coalesce(sum(outcomes.refunded_minor), 0)::bigint as refunded_minor
from first_exposures
inner join spans on first_exposures.experiment_id = spans.experiment_id
left join clicks
    on first_exposures.experiment_id = clicks.experiment_id and first_exposures.unit = clicks.unit
left join reporters
    on first_exposures.experiment_id = reporters.experiment_id and first_exposures.unit = reporters.unit
left join outcomes
    on first_exposures.experiment_id = outcomes.experiment_id and first_exposures.unit = outcomes.unit
group by first_exposures.experiment_id, first_exposures.variant, spans.began_at, spans.last_at
