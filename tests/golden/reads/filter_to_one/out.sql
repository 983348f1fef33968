select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where exists (
      select
      from "schema"."authors" t2
      where t2."id" = t1."author_id" and exists (
        select
        from "schema"."authors" t3
        where t3."id" = t2."manager_id" and t3."name" = $1::"pg_catalog"."text"))
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."slug" as c0
    from "schema"."posts" t5
    where exists (
      select
      from "schema"."authors" t6
      where t6."id" = t5."editor_id")
    order by t5."slug"
    limit $2::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t7.c0)::text, 'null') || '}', ','), ']')
  from (
    select t8."slug" as c0
    from "schema"."posts" t8
    where not (exists (
        select
        from "schema"."authors" t9
        where t9."id" = t8."editor_id"))
    order by t8."slug"
    limit $2::"pg_catalog"."int8") t7)
-- $1 = Ada
-- $2 = 100
-- cost 3
