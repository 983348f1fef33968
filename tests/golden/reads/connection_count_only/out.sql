select '{"totalCount":' || (
  select count(*)::text
  from "schema"."authors" t3
  where t3."rating" > $1::"pg_catalog"."numeric") || '}'
-- $1 = 0
-- cost 1
