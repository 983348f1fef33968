with w as (update "schema"."prices" as t1 set "amount" = $1::"pg_catalog"."numeric"
  where t1."country" = $2::"pg_catalog"."text" and t1."product" = $3::"pg_catalog"."text" returning 1 as "kapok.n", t1."amount" as "amount")
select (
  select '{"amount":' || coalesce('"' || t2."amount"::text || '"', 'null') || '}'
  from w t2)
-- $1 = 3.60
-- $2 = DE
-- $3 = tea
-- cost 2
