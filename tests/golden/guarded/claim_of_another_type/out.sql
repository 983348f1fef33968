select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0
  from (
    select t2."id", t2."slug", t2."title", t2."body", t2."status", t2."tags", t2."views", t2."score", t2."featured", t2."meta", t2."published_at", t2."shown", t2."author_id", t2."editor_id"
    from "schema"."posts" t2
    where (t2."status" = $1::"schema"."status" or t2."author_id" = $2::"pg_catalog"."int4")) t1
  order by t1."slug"
  limit $3::"pg_catalog"."int8") t0
-- $1 = published
-- $2 = null
-- $3 = 100
