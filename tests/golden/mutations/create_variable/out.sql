with w as (insert into "schema"."authors" as t1 ("name", "age") values ($1::"pg_catalog"."text", $2::"pg_catalog"."int4") returning 1 as "kapok.n", t1."id" as "id", t1."name" as "name", t1."age" as "age")
select coalesce((
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t2."name")::text, 'null') || ',"age":' || coalesce(t2."age"::text, 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = Cy
-- $2 = 7
-- cost 2
