select (
  select '{"edges":' || t0.c0 || ',"nodes":' || t0.c1 || ',"pageInfo":{"hasNextPage":' || t0.c2::text || ',"hasPreviousPage":false,"startCursor":' || coalesce('"' || t0.c3 || '"', 'null') || ',"endCursor":' || coalesce('"' || t0.c4 || '"', 'null') || '},"totalCount":' || (
    select count(*)::text
    from "schema"."authors" t3
    where t3."id" = $1::"pg_catalog"."int4") || '}'
  from (
    select concat('[', string_agg('{"cursor":"' || translate(encode(convert_to(json_build_array('dbbfa3fb86bd'::text, t1.c0::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_') || '"}', ',') filter (
        where t1.n <= $2::"pg_catalog"."int8"), ']') as c0, concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || '}', ',') filter (
        where t1.n <= $2::"pg_catalog"."int8"), ']') as c1, count(*) > $2::"pg_catalog"."int8" as c2, min(translate(encode(convert_to(json_build_array('dbbfa3fb86bd'::text, t1.c0::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
      where t1.n = least(1, $2::"pg_catalog"."int8")) as c3, min(translate(encode(convert_to(json_build_array('dbbfa3fb86bd'::text, t1.c0::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
      where t1.n = least(t1.m, $2::"pg_catalog"."int8")) as c4
    from (
      select t4.*, row_number() over () as n, count(*) over () as m
      from (
        select t2."id" as c0
        from "schema"."authors" t2
        where t2."id" = $1::"pg_catalog"."int4"
        order by t2."id"
        limit $2::"pg_catalog"."int8" + 1) t4) t1) t0), (
  select '{"nodes":' || t5.c0 || ',"pageInfo":{"hasNextPage":' || t5.c1::text || ',"startCursor":' || coalesce('"' || t5.c2 || '"', 'null') || '}}'
  from (
    select concat('[', string_agg('{"id":' || coalesce('"' || t6.c0::text || '"', 'null') || '}', ',') filter (
        where t6.n <= $3::"pg_catalog"."int8"), ']') as c0, count(*) > $3::"pg_catalog"."int8" as c1, min(translate(encode(convert_to(json_build_array('dbbfa3fb86bd'::text, t6.c0::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
      where t6.n = least(1, $3::"pg_catalog"."int8")) as c2
    from (
      select t8.*, row_number() over () as n, count(*) over () as m
      from (
        select t7."id" as c0
        from "schema"."authors" t7
        order by t7."id"
        limit $3::"pg_catalog"."int8" + 1) t8) t6) t5)
-- $1 = 99
-- $2 = 100
-- $3 = 0
-- cost 2
