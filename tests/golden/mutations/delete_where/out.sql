with w as (delete
  from "schema"."comments" as t1
  where exists (
    select
    from "schema"."authors" t2
    where t2."id" = t1."author_id" and t2."name" = $1::"pg_catalog"."text") returning 1 as "kapok.n")
select (
  select count(*)::text
  from w)
-- $1 = Bo
-- cost 1
