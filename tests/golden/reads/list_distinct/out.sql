select concat('[', string_agg('{"status":' || coalesce(case t0.c0 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || ',"views":' || coalesce('"' || t0.c1::text || '"', 'null') || '}', ','), ']')
from (
  select distinct on (t1."status") t1."status" as c0, t1."views" as c1
  from "schema"."posts" t1
  order by t1."status", t1."views" desc
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
