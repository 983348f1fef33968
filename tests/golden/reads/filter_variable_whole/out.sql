select (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
  from (
    select t1."slug" as c0
    from "schema"."posts" t1
    where ((t1."title" <> $1::"pg_catalog"."text" and t1."title" ilike $2::"pg_catalog"."text") and (t1."views" > $3::"pg_catalog"."int8" or exists (
          select
          from "schema"."authors" t2
          where t2."id" = t1."author_id" and t2."name" = any($4::"pg_catalog"."text"[]))))
    limit $5::"pg_catalog"."int8") t0), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t3.c0)::text, 'null') || '}', ','), ']')
  from (
    select t4."slug" as c0
    from "schema"."posts" t4
    where (exists (
        select
        from "schema"."authors" t5
        where t5."id" = t4."author_id" and t5."name" <> $6::"pg_catalog"."text") and (t4."views" > $7::"pg_catalog"."int8" or t4."slug" = $8::"pg_catalog"."text"))
    order by t4."slug"
    limit $5::"pg_catalog"."int8") t3)
-- $1 = x
-- $2 = %join%
-- $3 = 1
-- $4 = {"Ada","x'; drop table posts; --"}
-- $5 = 100
-- $6 = Ada
-- $7 = 50
-- $8 = empty
-- cost 2
