select concat('[', string_agg('{"posts":' || t0.c0 || '}', ','), ']')
from (
  select (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
    from (
      select t3."slug" as c0
      from "schema"."posts" t3
      where t3."author_id" = t1."id" and to_tsvector('pg_catalog.simple'::regconfig, coalesce(t3."slug", '') || ' ' || coalesce(t3."title", '') || ' ' || coalesce(t3."body", '')) @@ websearch_to_tsquery('pg_catalog.simple'::regconfig, $1::"pg_catalog"."text")
      limit $2::"pg_catalog"."int8") t2) as c0
  from "schema"."authors" t1
  order by t1."id"
  limit $3::"pg_catalog"."int8") t0
-- $1 = hello
-- $2 = 100
-- $3 = 2
-- cost 2
