select (
  select concat('[', string_agg('{"group":{"rating":' || coalesce('"' || t0.c0::text || '"', 'null') || ',"born":null},"count":' || t0.c1::text || ',"avg":{"rating":' || coalesce(to_json(t0.c2::text)::text, 'null') || '}}', ','), ']')
  from (
    select t1."rating" as c0, count(*) as c1, avg(t1."rating") as c2
    from "schema"."authors" t1
    group by t1."rating"
    order by t1."rating"
    limit $1::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"sum":{"delay":' || coalesce(to_json(t2.c1)::text, 'null') || '},"avg":{"delay":' || coalesce(to_json(t2.c2)::text, 'null') || '},"max":{"delay":' || coalesce(to_json(t2.c3)::text, 'null') || ',"createdAt":' || coalesce(to_json(t2.c4)::text, 'null') || '}}', ','), ']')
  from (
    select count(*) as c0, sum(t3."delay") as c1, avg(t3."delay") as c2, max(t3."delay") as c3, max(t3."created_at") as c4
    from "schema"."comments" t3
    limit $1::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"group":{"tags":' || coalesce(to_json(t4.c0)::text, 'null') || '},"count":' || t4.c1::text || '}', ','), ']')
  from (
    select t5."tags" as c0, count(*) as c1
    from "schema"."posts" t5
    group by t5."tags"
    order by t5."tags"
    limit $1::"pg_catalog"."int8") t4), (
  select concat('[', string_agg('{"group":{"shown":' || coalesce(case when t6.c0 is not null then '{"lower":' || coalesce(to_json(lower(t6.c0))::text, 'null') || ',"isEmpty":' || coalesce(isempty(t6.c0)::text, 'null') || '}' end, 'null') || '},"count":' || t6.c1::text || '}', ','), ']')
  from (
    select t7."shown" as c0, count(*) as c1
    from "schema"."posts" t7
    group by t7."shown"
    order by t7."shown"
    limit $1::"pg_catalog"."int8") t6), (
  select concat('[', string_agg('{"group":{"meta":' || coalesce(t8.c0::text, 'null') || '},"count":' || t8.c1::text || '}', ','), ']')
  from (
    select t9."meta" as c0, count(*) as c1
    from "schema"."posts" t9
    group by t9."meta"
    order by t9."meta"
    limit $1::"pg_catalog"."int8") t8)
-- $1 = 100
-- cost 5
