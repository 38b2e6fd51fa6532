{#- The day of a time in UTC, whatever the session's time zone. -#}
{% macro utc_day(column) -%}
    ({{ column }} at time zone 'UTC')::date
{%- endmacro %}
