with w as (insert into "schema"."prices" as t1 ("country", "product", "amount") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", $3::"pg_catalog"."numeric") returning 1 as "kapok.n", t1."country" as "country", t1."product" as "product", t1."amount" as "amount")
select coalesce((
    select '{"country":' || coalesce(to_json(t2."country")::text, 'null') || ',"product":' || coalesce(to_json(t2."product")::text, 'null') || ',"amount":' || coalesce('"' || t2."amount"::text || '"', 'null') || ',"nodeId":"' || replace(encode(convert_to(json_build_array('Price'::text, t2."country"::text, t2."product"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = CH
-- $2 = tea
-- $3 = 4.20
-- cost 2
