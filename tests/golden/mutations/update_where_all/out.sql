with w as (update "schema"."posts" as t1 set "views" = $1::"pg_catalog"."int8" returning 1 as "kapok.n", t1."id" as "id", t1."views" as "views")
select (
  select concat('[', string_agg('{"id":' || coalesce('"' || t2.c0::text || '"', 'null') || ',"views":' || coalesce('"' || t2.c1::text || '"', 'null') || '}', ','), ']')
  from (
    select t3."id" as c0, t3."views" as c1
    from w t3
    order by t3."id"
    limit $2::"pg_catalog"."int8") t2)
-- $1 = 1
-- $2 = 1000
-- cost 2
