with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."name" as "name")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), (
  select '{"name":' || coalesce(to_json(t2."name")::text, 'null') || ',"called":' || coalesce(to_json(t2."name")::text, 'null') || ',"__typename":"Author"}'
  from w t2)
-- $1 = Cy
-- cost 2
