select '{"nodes":' || t0.c0 || ',"pageInfo":{"endCursor":' || coalesce('"' || t0.c1 || '"', 'null') || '}}'
from (
  select concat('[', string_agg('{"teamCode":' || coalesce(to_json(t1.c0)::text, 'null') || ',"authorId":' || coalesce('"' || t1.c1::text || '"', 'null') || ',"role":' || coalesce(to_json(t1.c2)::text, 'null') || '}', ','), ']') as c0, min(translate(encode(convert_to(json_build_array('78002e05d8ac'::text, t1.c2::text, t1.c0::text, t1.c1::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
    where t1.n = t1.m) as c1
  from (
    select t3.*, row_number() over () as n, count(*) over () as m
    from (
      select t2."team_code" as c0, t2."author_id" as c1, t2."role" as c2
      from "schema"."memberships" t2
      order by t2."role" desc, t2."team_code" desc, t2."author_id" desc
      limit $1::"pg_catalog"."int8") t3) t1) t0
-- $1 = 2
-- cost 1
