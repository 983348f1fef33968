select concat('[', string_agg('{"group":{"status":' || coalesce(case t0.c0 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || '},"count":' || t0.c1::text || '}', ','), ']')
from (
  select t1."status" as c0, count(*) as c1
  from "schema"."posts" t1
  group by t1."status"
  order by t1."status"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
