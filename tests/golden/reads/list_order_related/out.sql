select concat('[', string_agg('{"title":' || coalesce(to_json(t0.c0)::text, 'null') || ',"author":' || coalesce(t0.c1, 'null') || '}', ','), ']')
from (
  select t1."title" as c0, (
    select '{"name":' || coalesce(to_json(t4."name")::text, 'null') || ',"manager":' || coalesce((
        select '{"name":' || coalesce(to_json(t5."name")::text, 'null') || '}'
        from "schema"."authors" t5
        where t5."id" = t4."manager_id"), 'null') || '}'
    from "schema"."authors" t4
    where t4."id" = t1."author_id") as c1
  from "schema"."posts" t1 left join "schema"."authors" t2 on t2."id" = t1."author_id" left join "schema"."authors" t3 on t3."id" = t2."manager_id"
  order by t3."name", t2."name" desc, t1."title"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 21
