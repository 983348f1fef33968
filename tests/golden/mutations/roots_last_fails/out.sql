with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select coalesce((
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = Cy

with w as (delete
  from "schema"."comments" as t1
  where t1."id" = $1::"pg_catalog"."int4" returning 1 as "kapok.n")
select (exists (
    select
    from w))::text
-- $1 = 1

with w as (insert into "schema"."authors" as t1 ("name", "email") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select coalesce((
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = X
-- $2 = ann@example.com
-- cost 5
