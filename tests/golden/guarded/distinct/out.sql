select concat('[', string_agg('{"status":' || coalesce(case t0.c0 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || ',"slug":' || coalesce(to_json(t0.c1)::text, 'null') || '}', ','), ']')
from (
  select distinct on (t1."status") t1."status" as c0, t1."slug" as c1
  from (
    select t2.*, t2 as "kapok:row", t2.xmin
    from "schema"."posts" t2
    where (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4")) t1
  order by t1."status", t1."slug"
  limit $3::"pg_catalog"."int8") t0
-- $1 = published
-- $2 = 2
-- $3 = 100
