select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where exists (
      select
      from "schema"."labels" t2 join "schema"."post_labels" t3 on t3."label_id" = t2."id"
      where t3."post_id" = t1."id" and t2."name" = $1::"pg_catalog"."text")
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where not exists (
      select
      from "schema"."labels" t6 join "schema"."post_labels" t7 on t7."label_id" = t6."id"
      where t7."post_id" = t5."id" and (t6."name" = $1::"pg_catalog"."text") is not true)
    order by t5."slug"
    limit $2::"pg_catalog"."int8") t4)
-- $1 = database
-- $2 = 100
-- cost 2
