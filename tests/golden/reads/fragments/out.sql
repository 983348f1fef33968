select concat('[', string_agg('{"title":' || coalesce(to_json(t0.c0)::text, 'null') || ',"author":' || coalesce(t0.c1, 'null') || ',"slug":' || coalesce(to_json(t0.c2)::text, 'null') || '}', ','), ']')
from (
  select t1."title" as c0, (
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t2."name")::text, 'null') || ',"manager":' || coalesce((
        select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || '}'
        from "schema"."authors" t3
        where t3."id" = t2."manager_id"), 'null') || '}'
    from "schema"."authors" t2
    where t2."id" = t1."author_id") as c1, t1."slug" as c2
  from "schema"."posts" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 1
-- cost 3
