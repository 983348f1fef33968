with w as (insert into "schema"."prices" as t1 ("country", "product", "amount") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", $3::"pg_catalog"."numeric") returning 1 as "kapok.n", t1."amount" as "amount")
select coalesce((
    select '{"amount":' || coalesce('"' || t2."amount"::text || '"', 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = CH
-- $2 = tea
-- $3 = 99999999999
-- cost 2
