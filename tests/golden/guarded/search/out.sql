select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from (
      select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
      from "schema"."posts" t2
      where t2."status" = $1::"schema"."status") t1
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t1."slug", '') || ' ' || coalesce(t1."title", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $2::"pg_catalog"."text")
    limit $3::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
  from (
    select t4."slug" as c0
    from (
      select t5."id", t5."slug", t5."title", t5."body", t5."status", t5."tags", t5."views", t5."score", t5."featured", t5."meta", t5."published_at", t5."shown", t5."author_id", t5."editor_id"
      from "schema"."posts" t5
      where t5."status" = $1::"schema"."status") t4
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t4."slug", '') || ' ' || coalesce(t4."title", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $4::"pg_catalog"."text")
    limit $3::"pg_catalog"."int8") t3), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
  from (
    select t7."slug" as c0
    from (
      select t8."id", t8."slug", t8."title", t8."body", t8."status", t8."tags", t8."views", t8."score", t8."featured", t8."meta", t8."published_at", t8."shown", t8."author_id", t8."editor_id"
      from "schema"."posts" t8
      where t8."status" = $1::"schema"."status") t7
    where to_tsvector('pg_catalog.simple'::regconfig, coalesce(t7."slug", '') || ' ' || coalesce(t7."title", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $5::"pg_catalog"."text")
    limit $3::"pg_catalog"."int8") t6)
-- $1 = published
-- $2 = hello
-- $3 = 50
-- $4 = lateral
-- $5 = Untitled
