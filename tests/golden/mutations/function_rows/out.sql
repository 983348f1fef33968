select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"views":' || coalesce('"' || t0.c1::text || '"', 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0, t1."views" as c1
    from "schema"."add_views"("more" => $1::"pg_catalog"."int4") t1
    limit $2::"pg_catalog"."int8") t0)
-- $1 = 3
-- $2 = 1000
-- cost 2
