-- Grain: one row per return of goods.
select
    event_id,
    day,
    occurred_at as returned_at,
    order_id,
    return_id,
    reason,
    refund_minor,
    is_restocked,
    is_complete
from {{ source('lake', 'ordering_order_returned') }}
