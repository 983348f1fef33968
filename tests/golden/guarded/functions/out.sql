select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"status":' || coalesce(case t0.c1 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0, t1."status" as c1
    from (
      select t2.*, t2 as "kapok:row"
      from "schema"."posts_tagged"("tag" => $1::"pg_catalog"."text") t2
      where (t2."status" = $2::"schema"."status" or t2."author_id" = $3::"pg_catalog"."int4")) t1
    order by t1."slug"
    limit $4::"pg_catalog"."int8") t0), (
  select '{"slug":' || coalesce(to_json(t3."slug")::text, 'null') || '}'
  from (
    select t4.*, t4 as "kapok:row"
    from "schema"."latest_post"("min_views" => $5::"pg_catalog"."int8") t4
    where (t4."status" = $2::"schema"."status" or t4."author_id" = $3::"pg_catalog"."int4")) t3
  where not (t3."kapok:row" is null)), (
  select '{"slug":' || coalesce(to_json(t5."slug")::text, 'null') || '}'
  from (
    select t6.*, t6 as "kapok:row"
    from "schema"."latest_post"("min_views" => $6::"pg_catalog"."int8") t6
    where (t6."status" = $2::"schema"."status" or t6."author_id" = $3::"pg_catalog"."int4")) t5
  where not (t5."kapok:row" is null))
-- $1 = sql
-- $2 = published
-- $3 = 2
-- $4 = 100
-- $5 = 5000
-- $6 = 9223372036854775807
