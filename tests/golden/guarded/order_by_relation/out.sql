select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"author":' || coalesce(t0.c1, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0, (
    select '{"name":' || coalesce(to_json(t5."name")::text, 'null') || '}'
    from (
      select t6.*, t6 as "kapok:row", t6.xmin
      from "schema"."authors" t6
      where not (t6."bio" = $1::"pg_catalog"."text")) t5
    where t5."id" = t1."author_id") as c1
  from (
    select t2.*, t2 as "kapok:row", t2.xmin
    from "schema"."posts" t2
    where (t2."status" = $2::"schema"."status" or t2."author_id" = $3::"pg_catalog"."int4")) t1 left join (
    select t4.*, t4 as "kapok:row", t4.xmin
    from "schema"."authors" t4
    where not (t4."bio" = $1::"pg_catalog"."text")) t3 on t3."id" = t1."author_id"
  order by t3."name" desc, t1."slug"
  limit $4::"pg_catalog"."int8") t0
-- $1 = 
-- $2 = published
-- $3 = 4
-- $4 = 100
