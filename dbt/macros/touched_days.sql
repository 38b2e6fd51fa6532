{#- Days of these lake tables that the last loads wrote and no build has taken in yet. -#}
{% macro touched_days(tables) -%}
    select day
    from {{ source('lake', 'touched_days') }}
    where table_name in ({% for table in tables %}'{{ table }}'{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}
