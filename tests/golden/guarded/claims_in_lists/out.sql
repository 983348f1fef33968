select (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t0.c0)::text, 'null') || ',"status":' || coalesce(case t0.c1 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || '}', ','), ']')
  from (
    select t1."title" as c0, t1."status" as c1
    from (
      select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
      from "schema"."posts" t2
      where (t2."status" = any($1::"schema"."status"[]) or exists (
          select
          from "schema"."comments" t3
          where t3."post_id" = t2."id" and t3."author_id" = $2::"pg_catalog"."int4"))) t1
    order by t1."id"
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."name" as c0
    from (
      select t6."id", t6."name", t6."email", t6."bio", t6."born", t6."rating", t6."manager_id", t6."home"
      from "schema"."authors" t6
      where (not exists (
          select
          from "schema"."posts" t7
          where t7."author_id" = t6."id" and t7."editor_id" = $2::"pg_catalog"."int4") and ($4::"pg_catalog"."text" is not null))) t5
    order by t5."id"
    limit $3::"pg_catalog"."int8") t4)
-- $1 = {"in review","draft"}
-- $2 = 4
-- $3 = 100
-- $4 = 4
