select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."slug" as c0
  from "schema"."posts" t1
  where (t1."title" = any($1::"pg_catalog"."text"[]) and t1."body" like $2::"pg_catalog"."text" and t1."slug" ~ $3::"pg_catalog"."text")
  limit $4::"pg_catalog"."int8") t0
-- $1 = {"'; drop table posts; --","\\'; select 1; --","$1","/* */",""}
-- $2 = %'%\%
-- $3 = ^(a+)+$
-- $4 = 100
-- cost 1
