select '{"totalCount":' || (
  select count(*)::text
  from (
    select t10."id", t10."post_id", case when exists (
      select
      from "schema"."posts" t13
      where t13."id" = t10."post_id" and t13."author_id" = $1::"pg_catalog"."int4") then t10."author_id" end as "author_id", t10."body", case when exists (
      select
      from "schema"."posts" t14
      where t14."id" = t10."post_id" and t14."author_id" = $1::"pg_catalog"."int4") then t10."created_at" end as "created_at", case when exists (
      select
      from "schema"."posts" t15
      where t15."id" = t10."post_id" and t15."author_id" = $1::"pg_catalog"."int4") then t10."delay" end as "delay", t10."author_id" as "kapok:raw0"
    from "schema"."comments" t10
    where (exists (
        select
        from "schema"."posts" t11
        where t11."id" = t10."post_id" and t11."author_id" = $1::"pg_catalog"."int4") or exists (
        select
        from "schema"."posts" t12
        where t12."id" = t10."post_id" and t12."status" = $2::"schema"."status"))) t9) || ',"edges":' || t0.c0 || ',"pageInfo":{"hasNextPage":' || t0.c1::text || '}}'
from (
  select concat('[', string_agg('{"cursor":"' || translate(encode(convert_to(json_build_array('02c2ba6ca819'::text, t1.c0::text, t1.c1::text)::text, 'UTF8'), 'base64'), '+/=' || chr(10), '-_') || '","node":{"id":' || coalesce('"' || t1.c1::text || '"', 'null') || ',"body":' || coalesce(to_json(t1.c2)::text, 'null') || ',"authorId":' || coalesce('"' || t1.c0::text || '"', 'null') || ',"createdAt":' || coalesce(to_json(t1.c3)::text, 'null') || '}}', ',') filter (
      where t1.n <= $3::"pg_catalog"."int8"), ']') as c0, count(*) > $3::"pg_catalog"."int8" as c1
  from (
    select t16.*, row_number() over () as n, count(*) over () as m
    from (
      select t2."author_id" as c0, t2."id" as c1, t2."body" as c2, t2."created_at" as c3
      from (
        select t3."id", t3."post_id", case when exists (
          select
          from "schema"."posts" t6
          where t6."id" = t3."post_id" and t6."author_id" = $1::"pg_catalog"."int4") then t3."author_id" end as "author_id", t3."body", case when exists (
          select
          from "schema"."posts" t7
          where t7."id" = t3."post_id" and t7."author_id" = $1::"pg_catalog"."int4") then t3."created_at" end as "created_at", case when exists (
          select
          from "schema"."posts" t8
          where t8."id" = t3."post_id" and t8."author_id" = $1::"pg_catalog"."int4") then t3."delay" end as "delay", t3."author_id" as "kapok:raw0"
        from "schema"."comments" t3
        where (exists (
            select
            from "schema"."posts" t4
            where t4."id" = t3."post_id" and t4."author_id" = $1::"pg_catalog"."int4") or exists (
            select
            from "schema"."posts" t5
            where t5."id" = t3."post_id" and t5."status" = $2::"schema"."status"))) t2
      order by t2."author_id", t2."id"
      limit $3::"pg_catalog"."int8" + 1) t16) t1) t0
-- $1 = 2
-- $2 = published
-- $3 = 3
