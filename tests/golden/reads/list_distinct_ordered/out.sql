select concat('[', string_agg('{"status":' || coalesce(case t0.c0 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || ',"authorId":' || coalesce('"' || t0.c1::text || '"', 'null') || ',"title":' || coalesce(to_json(t0.c2)::text, 'null') || '}', ','), ']')
from (
  select distinct on (t1."author_id", t1."status") t1."status" as c0, t1."author_id" as c1, t1."title" as c2
  from "schema"."posts" t1
  order by t1."status" desc, t1."author_id", t1."title"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 3
-- cost 1
