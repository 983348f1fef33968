select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from (
      select t2.*, t2.xmin
      from "schema"."posts" t2
      where t2."status" = $1::"schema"."status") t1
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t1."slug", '') || ' ' || coalesce(t1."title", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $2::"pg_catalog"."text")
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
  from (
    select t4."slug" as c0
    from (
      select t5.*, t5.xmin
      from "schema"."posts" t5
      where t5."status" = $1::"schema"."status") t4
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t4."slug", '') || ' ' || coalesce(t4."title", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $4::"pg_catalog"."text")
    limit $3::"pg_catalog"."int8") t3), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from (
      select t8.*, t8.xmin
      from "schema"."posts" t8
      where t8."status" = $1::"schema"."status") t7
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t7."slug", '') || ' ' || coalesce(t7."title", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $5::"pg_catalog"."text")
    limit $3::"pg_catalog"."int8") t6)
-- $1 = published
-- $2 = hello
-- $3 = 50
-- $4 = lateral
-- $5 = Untitled
