select '{"edges":' || t0.c0 || ',"nodes":' || t0.c1 || ',"pageInfo":{"hasNextPage":' || t0.c2::text || ',"hasPreviousPage":false,"startCursor":' || coalesce('"' || t0.c3 || '"', 'null') || ',"endCursor":' || coalesce('"' || t0.c4 || '"', 'null') || '},"totalCount":' || (
  select count(*)::text
  from "schema"."authors" t3) || '}'
from (
  select concat('[', string_agg('{"cursor":"' || translate(encode(convert_to(json_build_array('fa82c2d9e0cc'::text, t1.c0::text, t1.c1::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_') || '","node":{"name":' || coalesce(to_json(t1.c0)::text, 'null') || '}}', ',') filter (
      where t1.n <= $1::"pg_catalog"."int8"), ']') as c0, concat('[', string_agg('{"id":' || coalesce('"' || t1.c1::text || '"', 'null') || '}', ',') filter (
      where t1.n <= $1::"pg_catalog"."int8"), ']') as c1, count(*) > $1::"pg_catalog"."int8" as c2, min(translate(encode(convert_to(json_build_array('fa82c2d9e0cc'::text, t1.c0::text, t1.c1::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
    where t1.n = least(1, $1::"pg_catalog"."int8")) as c3, min(translate(encode(convert_to(json_build_array('fa82c2d9e0cc'::text, t1.c0::text, t1.c1::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
    where t1.n = least(t1.m, $1::"pg_catalog"."int8")) as c4
  from (
    select t4.*, row_number() over () as n, count(*) over () as m
    from (
      select t2."name" as c0, t2."id" as c1
      from "schema"."authors" t2
      order by t2."name", t2."id"
      limit $1::"pg_catalog"."int8" + 1) t4) t1) t0
-- $1 = 2
-- cost 1
