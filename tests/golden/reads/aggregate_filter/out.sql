select (
  select concat('[', string_agg('{"count":' || t0.c0::text || ',"max":{"views":' || coalesce('"' || t0.c1::text || '"', 'null') || '}}', ','), ']')
  from (
    select count(*) as c0, max(t1."views") as c1
    from "schema"."posts" t1
    where (exists (
        select
        from "schema"."authors" t2
        where t2."id" = t1."author_id" and t2."name" = $1::"pg_catalog"."text") and to_tsvector('pg_catalog.simple'::regconfig, coalesce(t1."slug", '') || ' ' || coalesce(t1."title", '') || ' ' || coalesce(t1."body", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $2::"pg_catalog"."text"))
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"count":' || t3.c0::text || ',"sum":{"views":' || coalesce(to_json(t3.c1::text)::text, 'null') || '},"min":{"title":' || coalesce(to_json(t3.c2)::text, 'null') || '}}', ','), ']')
  from (
    select count(*) as c0, sum(t4."views") as c1, min(t4."title") as c2
    from "schema"."posts" t4
    where t4."slug" = $4::"pg_catalog"."text"
    limit $3::"pg_catalog"."int8") t3), (
  select concat('[', string_agg('{"count":' || t5.c0::text || '}', ','), ']')
  from (
    select count(*) as c0
    from "schema"."posts" t6
    where t6."slug" = $4::"pg_catalog"."text"
    group by t6."status"
    order by t6."status"
    limit $3::"pg_catalog"."int8") t5)
-- $1 = Ada
-- $2 = hello
-- $3 = 100
-- $4 = x
-- cost 3
