select (
  select '{"shown":' || coalesce(case when t0."shown" is not null then '{"from":' || coalesce(to_json(lower(t0."shown"))::text, 'null') || ',"__typename":"DateRange","isEmpty":' || coalesce(isempty(t0."shown")::text, 'null') || ',"empty":' || coalesce(isempty(t0."shown")::text, 'null') || '}' end, 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = $1::"pg_catalog"."uuid")
-- $1 = 00000000-0000-0000-0000-000000000001
-- cost 1
