select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"labels":' || t0.c1 || '}', ','), ']')
from (
  select t1."slug" as c0, (
    select concat('[', string_agg('{"name":' || coalesce(to_json(t2.c0)::text, 'null') || ',"posts":' || t2.c1 || '}', ','), ']')
    from (
      select t3."name" as c0, (
        select concat('[', string_agg('{"slug":' || coalesce(to_json(t5.c0)::text, 'null') || '}', ','), ']')
        from (
          select t6."slug" as c0
          from "schema"."posts" t6 join "schema"."post_labels" t7 on t7."post_id" = t6."id"
          where t7."label_id" = t3."id"
          order by t6."slug"
          limit $1::"pg_catalog"."int8") t5) as c1
      from "schema"."labels" t3 join "schema"."post_labels" t4 on t4."label_id" = t3."id"
      where t4."post_id" = t1."id"
      order by t3."name"
      limit $1::"pg_catalog"."int8") t2) as c1
  from "schema"."posts" t1
  order by t1."id"
  limit $2::"pg_catalog"."int8") t0
-- $1 = 100
-- $2 = 3
-- cost 12
