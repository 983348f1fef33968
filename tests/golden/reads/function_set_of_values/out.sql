select (
  select concat('[', string_agg(coalesce(to_json(t0.v)::text, 'null'), ','), ']')
  from (
    select "schema"."all_tags"() as v
    limit $1::"pg_catalog"."int8") t0)
-- $1 = 100
-- cost 1
