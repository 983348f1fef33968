select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t1."slug", '') || ' ' || coalesce(t1."title", '') || ' ' || coalesce(t1."body", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $1::"pg_catalog"."text")
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"name":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."name" as c0
    from "schema"."authors" t3
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t3."name", '') || ' ' || coalesce(t3."email", '') || ' ' || coalesce(t3."bio", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $3::"pg_catalog"."text")
    limit $2::"pg_catalog"."int8") t2)
-- $1 = lateral OR trees
-- $2 = 100
-- $3 = "first program" -slashes
-- cost 2
