with w as (
  select 1 as "kapok.n", t1."status" as "status", t1."id" as "id"
  from "schema"."posts" t1
  where t1."status" = $1::"schema"."post_status" for update of t1)
select (
  select concat('[', string_agg('{"status":' || coalesce('"' || upper(t2.c0::text collate "pg_catalog"."C") || '"', 'null') || '}', ','), ']')
  from (
    select t3."status" as c0
    from w t3
    order by t3."id"
    limit $2::"pg_catalog"."int8") t2)
-- $1 = draft
-- $2 = 1000
-- cost 2
