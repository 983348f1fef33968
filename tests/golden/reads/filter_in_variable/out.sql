select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where t1."slug" = any($1::"pg_catalog"."text"[])
    order by t1."slug"
    limit $2::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0
    from "schema"."posts" t3
    where (t3."slug" = any($3::"pg_catalog"."text"[]) and t3."status" = any($4::"schema"."status"[]))
    order by t3."slug"
    limit $2::"pg_catalog"."int8") t2)
-- $1 = {"joins","a\"b\\","NULL",""}
-- $2 = 100
-- $3 = {"hello","joins"}
-- $4 = {"published"}
-- cost 2
