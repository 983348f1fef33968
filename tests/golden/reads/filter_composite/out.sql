select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."name" as c0
  from "schema"."authors" t1
  where (starts_with((t1."home")."city", $1::"pg_catalog"."text") and (t1."home")."height" >= $2::"pg_catalog"."numeric" and (t1."home")."zip" is distinct
    from null)
  limit $3::"pg_catalog"."int8") t0
-- $1 = L
-- $2 = 11
-- $3 = 100
-- cost 1
