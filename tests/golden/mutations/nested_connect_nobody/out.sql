with s as materialized (
  select 1 as n, $1::"pg_catalog"."text" as v0, $2::"pg_catalog"."text" as v1, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v2
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."authors" t1
    where t1."email" = $3::"pg_catalog"."text") t2 on true), w as (insert into "schema"."posts" as t3 ("slug", "title", "author_id")
  select s.v0, s.v1, s.v2
  from s
  order by s.n returning t3."id" as "id")
select coalesce((
    select '{"id":' || coalesce('"' || t4."id"::text || '"', 'null') || '}'
    from w t4), "kapok"."refuse"('KP005', '1:' || 1))
-- $1 = x
-- $2 = X
-- $3 = no@example.com
-- cost 3
