-- Grain: one row per event of an article: it was begun, can be read, or no longer can.
{% set acts = {'started': 'null::integer', 'published': 'revision_number', 'withdrawn': 'null::integer'} %}
{% for act, revision in acts.items() %}
    select
        event_id,
        day,
        occurred_at,
        kafka_offset,
        article_id,
        customer_id,
        '{{ act }}' as act,
        {{ revision }} as revision_number,
        {{ 'is_first' if act == 'published' else 'false' }} as is_first
    from {{ source('lake', 'content_article_' ~ act) }}
    {{ "union all" if not loop.last }}
{% endfor %}
