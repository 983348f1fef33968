select '{"edges":' || t0.c0 || ',"pageInfo":{"hasNextPage":' || t0.c1::text || '}}'
from (
  select concat('[', string_agg('{"cursor":"' || translate(encode(convert_to(json_build_array('759a98dde3c7'::text, t1.c0::text, t1.c1::text, t1.c2::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_') || '","node":{"title":' || coalesce(to_json(t1.c1)::text, 'null') || '}}', ',') filter (
      where t1.n <= $1::"pg_catalog"."int8"), ']') as c0, count(*) > $1::"pg_catalog"."int8" as c1
  from (
    select t3.*, row_number() over () as n, count(*) over () as m
    from (
      select t2."status" as c0, t2."title" as c1, t2."size" as c2
      from "schema"."post_facts" t2
      order by t2."status", t2."title", t2."size"
      limit $1::"pg_catalog"."int8" + 1) t3) t1) t0
-- $1 = 2
-- cost 1
