with w as (update "schema"."posts" as t1 set "status" = $1::"schema"."post_status"
  where t1."status" = $2::"schema"."post_status" returning 1 as "kapok.n", t1."title" as "title", t1."id" as "id")
select (
  select concat('[', string_agg('{"title":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."title" as c0
    from w t3
    order by t3."id"
    limit $3::"pg_catalog"."int8") t2)
-- $1 = published
-- $2 = draft
-- $3 = 1000

with w as (
  select 1 as "kapok.n", t1."id" as "id"
  from "schema"."labels" t1 for update of t1)
select (
  select concat('[', string_agg('{"__typename":"Label"}', ','), ']')
  from (
    select
    from w t3
    order by t3."id"
    limit $1::"pg_catalog"."int8") t2)
-- $1 = 1000
-- cost 4
