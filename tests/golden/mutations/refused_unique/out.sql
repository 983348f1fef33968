with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."int4" as v0, t0.c2::"pg_catalog"."text" as v1, t0.c3::"pg_catalog"."text" as v2
  from unnest($1::"pg_catalog"."text"[], $2::"pg_catalog"."text"[], $3::"pg_catalog"."text"[]) with ordinality t0(c1, c2, c3, n)
  order by t0.n), w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title")
  select s.v0, s.v1, s.v2
  from s
  order by s.n returning t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), (
  select concat('[', string_agg('{"id":' || coalesce('"' || t2.c0::text || '"', 'null') || '}', ','), ']')
  from (
    select t3."id" as c0
    from w t3) t2)
-- $1 = {"1","1"}
-- $2 = {"x","one"}
-- $3 = {"X","X"}
-- cost 4
