-- Grain: one row per product that was ever reviewed. What counts is what can be read now: the last event of a review.
with newest as (
    select distinct on (review_id) *
    from {{ ref('stg_catalog__reviews') }}
    order by review_id asc, occurred_at desc, kafka_offset desc
)

select
    product_id,
    count(*) filter (where is_published) as reviews,
    count(*) filter (where not is_published) as withdrawn,
    avg(rating) filter (where is_published)::double precision as average_rating,
    count(*) filter (where is_published and rating = 1) as one_star,
    count(*) filter (where is_published and rating = 2) as two_stars,
    count(*) filter (where is_published and rating = 3) as three_stars,
    count(*) filter (where is_published and rating = 4) as four_stars,
    count(*) filter (where is_published and rating = 5) as five_stars,
    max(occurred_at) as newest_at
from newest
group by product_id
