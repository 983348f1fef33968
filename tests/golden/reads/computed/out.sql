select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || ',"excerpt":' || coalesce(t0.c1, 'null') || ',"similar":' || t0.c2 || ',"two":' || t0.c3 || '}', ','), ']')
  from (
    select t1."slug" as c0, (
      select to_json(t2.v)::text
      from (
        select "schema"."excerpt"(t1) as v offset 0) t2) as c1, (
      select concat('[', string_agg('{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || ',"excerpt":' || coalesce(t3.c1, 'null') || '}', ','), ']')
      from (
        select t4."slug" as c0, (
          select to_json(t5.v)::text
          from (
            select "schema"."excerpt"(t4) as v offset 0) t5) as c1
        from "schema"."posts_similar"(t1) t4
        order by t4."slug"
        limit $1::"pg_catalog"."int8") t3) as c2, (
      select concat('[', string_agg('{"slug":' || coalesce(to_json(t6.c0)::text, 'null') || '}', ','), ']')
      from (
        select t7."slug" as c0
        from "schema"."posts_similar"(t1, "at_least" => $2::"pg_catalog"."int4") t7
        limit $1::"pg_catalog"."int8") t6) as c3
    from "schema"."posts" t1
    order by t1."id"
    limit $1::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"best":' || coalesce(t8.c0, 'null') || '}', ','), ']')
  from (
    select (
      select '{"slug":' || coalesce(to_json(t10."slug")::text, 'null') || '}'
      from "schema"."authors_best"(t9) t10
      where not (t10 is null)) as c0
    from "schema"."authors" t9
    order by t9."id"
    limit $3::"pg_catalog"."int8") t8)
-- $1 = 100
-- $2 = 2
-- $3 = 3
-- cost 23
