select concat('[', string_agg('{"id":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"status":' || coalesce(case t0.c1 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || ',"tags":' || coalesce(to_json(t0.c2)::text, 'null') || ',"views":' || coalesce('"' || t0.c3::text || '"', 'null') || ',"score":' || coalesce(to_json(t0.c4)::text, 'null') || ',"featured":' || coalesce(t0.c5::text, 'null') || ',"meta":' || coalesce(t0.c6::text, 'null') || ',"publishedAt":' || coalesce(to_json(t0.c7)::text, 'null') || ',"shown":' || coalesce(case when t0.c8 is not null then '{"lower":' || coalesce(to_json(lower(t0.c8))::text, 'null') || ',"upper":' || coalesce(to_json(upper(t0.c8))::text, 'null') || ',"lowerInclusive":' || coalesce(lower_inc(t0.c8)::text, 'null') || ',"upperInclusive":' || coalesce(upper_inc(t0.c8)::text, 'null') || ',"isEmpty":' || coalesce(isempty(t0.c8)::text, 'null') || '}' end, 'null') || '}', ','), ']')
from (
  select t1."id" as c0, t1."status" as c1, t1."tags" as c2, t1."views" as c3, t1."score" as c4, t1."featured" as c5, t1."meta" as c6, t1."published_at" as c7, t1."shown" as c8
  from "schema"."posts" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 1
