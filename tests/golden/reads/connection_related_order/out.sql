select '{"nodes":' || t0.c0 || ',"pageInfo":{"endCursor":' || coalesce('"' || t0.c1 || '"', 'null') || '}}'
from (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t1.c0)::text, 'null') || ',"editor":' || coalesce(t1.c1, 'null') || '}', ','), ']') as c0, min(translate(encode(convert_to(json_build_array('fe3b0647569c'::text, t1.c2::text, t1.c3::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')) filter (
    where t1.n = t1.m) as c1
  from (
    select t5.*, row_number() over () as n, count(*) over () as m
    from (
      select t2."slug" as c0, (
        select '{"name":' || coalesce(to_json(t4."name")::text, 'null') || '}'
        from "schema"."authors" t4
        where t4."id" = t2."editor_id") as c1, t3."name" as c2, t2."id" as c3
      from "schema"."posts" t2 left join "schema"."authors" t3 on t3."id" = t2."editor_id"
      order by t3."name", t2."id"
      limit $1::"pg_catalog"."int8") t5) t1) t0
-- $1 = 3
-- cost 2
