with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select coalesce((
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = Cy

with w as (update "schema"."authors" as t1 set "name" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" returning 1 as "kapok.n", t1."name" as "name")
select (
  select '{"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
  from w t2)
-- $1 = Cyd
-- $2 = 11

with w as (delete
  from "schema"."authors" as t1
  where t1."id" = $1::"pg_catalog"."int4" returning 1 as "kapok.n")
select (exists (
    select
    from w))::text
-- $1 = 11
-- cost 5
