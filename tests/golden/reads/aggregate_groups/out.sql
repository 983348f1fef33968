select concat('[', string_agg('{"group":{"status":' || coalesce(case t0.c0 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || ',"author":' || coalesce('"' || t0.c1::text || '"', 'null') || ',"title":null,"__typename":"PostAggregateGroup"},"count":' || t0.c2::text || ',"sum":{"views":' || coalesce(to_json(t0.c3::text)::text, 'null') || '}}', ','), ']')
from (
  select t1."status" as c0, t1."author_id" as c1, count(*) as c2, sum(t1."views") as c3
  from "schema"."posts" t1
  group by t1."status", t1."author_id"
  order by t1."status", t1."author_id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
