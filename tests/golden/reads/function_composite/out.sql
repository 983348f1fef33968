select (
  select case when t0.v is distinct
  from null then '{"city":' || coalesce(to_json((t0.v)."city")::text, 'null') || ',"height":' || coalesce('"' || (t0.v)."height"::text || '"', 'null') || '}' end
  from (
    select "schema"."home_of"("author" => $1::"pg_catalog"."int4") as v offset 0) t0), (
  select case when t1.v is distinct
  from null then '{"city":' || coalesce(to_json((t1.v)."city")::text, 'null') || '}' end
  from (
    select "schema"."home_of"("author" => $2::"pg_catalog"."int4") as v offset 0) t1)
-- $1 = 1
-- $2 = 3
-- cost 0
