select (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."name" as c0
    from (
      select t2."id", t2."name", t2."email", t2."bio", t2."born", t2."rating", t2."manager_id", t2."home"
      from "schema"."authors" t2
      where (not exists (
          select
          from "schema"."posts" t3
          where t3."author_id" = t2."id" and t3."editor_id" = $1::"pg_catalog"."int4") and ($2::"pg_catalog"."text" is not null))) t1
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."title" as c0
    from (
      select t6."id", t6."slug", t6."title", t6."body", t6."status", t6."tags", t6."views", t6."score", t6."featured", t6."meta", t6."published_at", t6."shown", t6."author_id", t6."editor_id"
      from "schema"."posts" t6
      where (t6."status" = any($4::"schema"."status"[]) or exists (
          select
          from "schema"."comments" t7
          where t7."post_id" = t6."id" and t7."author_id" = $1::"pg_catalog"."int4"))) t5
    limit $3::"pg_catalog"."int8") t4)
-- $1 = null
-- $2 = null
-- $3 = 100
-- $4 = null
