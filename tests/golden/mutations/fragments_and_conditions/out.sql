with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."name" as "name")
select coalesce((
    select '{"name":' || coalesce(to_json(t2."name")::text, 'null') || ',"called":' || coalesce(to_json(t2."name")::text, 'null') || ',"__typename":"Author"}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = Cy
-- cost 2
