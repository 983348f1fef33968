select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"publishedAt":' || coalesce(to_json(t0.c1)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0, t1."published_at" as c1
    from "schema"."posts" t1
    where (t1."published_at" >= $1::"pg_catalog"."timestamptz" and t1."published_at" < $2::"pg_catalog"."timestamptz")
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"id":' || coalesce('"' || t2.c0::text || '"', 'null') || '}', ','), ']')
  from (
    select t3."id" as c0
    from "schema"."comments" t3
    where (t3."delay" < $4::"pg_catalog"."interval" and t3."created_at" < $5::"pg_catalog"."timestamp")
    order by t3."id"
    limit $3::"pg_catalog"."int8") t2), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
  from (
    select t5."name" as c0
    from "schema"."authors" t5
    where t5."born" = $6::"pg_catalog"."date"
    limit $3::"pg_catalog"."int8") t4)
-- $1 = 2024-03-01T11:00:00+01:00
-- $2 = 2024-03-02T00:00:00Z
-- $3 = 100
-- $4 = PT2H
-- $5 = 2024-03-02T00:00:00
-- $6 = 1980-02-29
-- cost 3
