{#- Events of several types as rows of one kind. `types`: type → the expressions of those columns that it calls by
another name or does not tell. -#}
{% macro union_of_events(types, columns) %}
{%- for type, own in types.items() %}
    select
    {%- for column in columns %}
        {{ own[column] ~ ' as ' ~ column if column in own else column }}{{ "," if not loop.last }}
    {%- endfor %}
    from {{ source('lake', type) }}
    {{ "union all" if not loop.last }}
{%- endfor %}
{%- endmacro %}
