select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"title":' || coalesce(to_json(t0.c1)::text, 'null') || ',"status":' || coalesce(case t0.c2 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0, t1."title" as c1, t1."status" as c2
  from (
    select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
    from "schema"."posts" t2
    where t2."status" = $1::"schema"."status") t1
  order by t1."slug"
  limit $2::"pg_catalog"."int8") t0
-- $1 = published
-- $2 = 50
