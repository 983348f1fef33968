select (
  select '{"posts":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || '}', ','), ']')
    from (
      select t2."id" as c0
      from "schema"."posts" t2
      where t2."author_id" = t0."id"
      limit $1::"pg_catalog"."int8") t1) || '}'
  from "schema"."authors" t0
  where t0."id" = $2::"pg_catalog"."int4")
