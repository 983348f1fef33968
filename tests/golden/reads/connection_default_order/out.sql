select '{"nodes":' || t0.c0 || ',"pageInfo":{"hasNextPage":' || t0.c1::text || ',"endCursor":' || coalesce('"' || t0.c2 || '"', 'null') || '}}'
from (
  select concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || '}', ',') filter (
      where t1.n <= $1::"pg_catalog"."int8"), ']') as c0, count(*) > $1::"pg_catalog"."int8" as c1, min(translate(encode(convert_to(json_build_array('dbbfa3fb86bd'::text, t1.c0::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
    where t1.n = least(t1.m, $1::"pg_catalog"."int8")) as c2
  from (
    select t3.*, row_number() over () as n, count(*) over () as m
    from (
      select t2."id" as c0
      from "schema"."authors" t2
      order by t2."id"
      limit $1::"pg_catalog"."int8" + 1) t3) t1) t0
-- $1 = 100
-- cost 1
