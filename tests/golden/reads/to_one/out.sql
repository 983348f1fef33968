select concat('[', string_agg('{"author":' || coalesce(t0.c0, 'null') || ',"editor":' || coalesce(t0.c1, 'null') || '}', ','), ']')
from (
  select (
    select '{"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
    from "schema"."authors" t2
    where t2."id" = t1."author_id") as c0, (
    select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || ',"manager":' || coalesce((
        select '{"name":' || coalesce(to_json(t4."name")::text, 'null') || '}'
        from "schema"."authors" t4
        where t4."id" = t3."manager_id"), 'null') || '}'
    from "schema"."authors" t3
    where t3."id" = t1."editor_id") as c1
  from "schema"."posts" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 31
