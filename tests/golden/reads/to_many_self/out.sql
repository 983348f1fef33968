select (
  select '{"authorsByManager":' || (
    select concat('[', string_agg('{"name":' || coalesce(to_json(t1.c0)::text, 'null') || ',"manager":' || coalesce(t1.c1, 'null') || ',"authorsByManager":' || t1.c2 || '}', ','), ']')
    from (
      select t2."name" as c0, (
        select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || '}'
        from "schema"."authors" t3
        where t3."id" = t2."manager_id") as c1, (
        select concat('[', string_agg('{"name":' || coalesce(to_json(t4.c0)::text, 'null') || '}', ','), ']')
        from (
          select t5."name" as c0
          from "schema"."authors" t5
          where t5."manager_id" = t2."id"
          order by t5."id"
          limit $1::"pg_catalog"."int8") t4) as c2
      from "schema"."authors" t2
      where t2."manager_id" = t0."id"
      order by t2."id"
      limit $1::"pg_catalog"."int8") t1) || '}'
  from "schema"."authors" t0
  where t0."id" = $2::"pg_catalog"."int4")
-- $1 = 100
-- $2 = 1
-- cost 22
