select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"profile":' || coalesce(t0.c1, 'null') || '}', ','), ']')
from (
  select t1."name" as c0, (
    select '{"theme":' || coalesce(to_json(t2."theme")::text, 'null') || ',"author":' || coalesce((
        select '{"id":' || coalesce('"' || t3."id"::text || '"', 'null') || '}'
        from "schema"."authors" t3
        where t3."id" = t2."author_id"), 'null') || '}'
    from "schema"."profiles" t2
    where t2."author_id" = t1."id") as c1
  from "schema"."authors" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 21
