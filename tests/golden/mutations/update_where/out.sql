with w as (update "schema"."posts" as t1 set "status" = $1::"schema"."post_status"
  where (t1."status" = $2::"schema"."post_status" and exists (
      select
      from "schema"."authors" t2
      where t2."id" = t1."author_id" and t2."name" = $3::"pg_catalog"."text")) returning 1 as "kapok.n", t1."id" as "id", t1."status" as "status")
select (
  select concat('[', string_agg('{"id":' || coalesce('"' || t3.c0::text || '"', 'null') || ',"status":' || coalesce('"' || upper(t3.c1::text collate "pg_catalog"."C") || '"', 'null') || '}', ','), ']')
  from (
    select t4."id" as c0, t4."status" as c1
    from w t4
    order by t4."id"
    limit $4::"pg_catalog"."int8") t3)
-- $1 = published
-- $2 = draft
-- $3 = Ann
-- $4 = 1000
-- cost 2
