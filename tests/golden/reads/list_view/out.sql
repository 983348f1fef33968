select concat('[', string_agg('{"title":' || coalesce(to_json(t0.c0)::text, 'null') || ',"status":' || coalesce(case t0.c1 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || ',"size":' || coalesce(t0.c2::text, 'null') || ',"__typename":"PostFact"}', ','), ']')
from (
  select t1."title" as c0, t1."status" as c1, t1."size" as c2
  from "schema"."post_facts" t1
  order by t1."title"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
