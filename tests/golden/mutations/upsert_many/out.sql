with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."text" as v0, t0.c2::"pg_catalog"."text" as v1, t0.c3::"pg_catalog"."numeric" as v2
  from unnest($1::"pg_catalog"."text"[], $2::"pg_catalog"."text"[], $3::"pg_catalog"."text"[]) with ordinality t0(c1, c2, c3, n)
  order by t0.n), w as (insert into "schema"."prices" as t1 ("country", "product", "amount")
  select s.v0, s.v1, s.v2
  from s
  order by s.n on conflict ("country", "product") do update set "amount" = excluded."amount" returning t1."country" as "country", t1."product" as "product", t1."amount" as "amount")
select (
  select "kapok"."refuse"('KP006', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), (
  select concat('[', string_agg('{"country":' || coalesce(to_json(t2.c0)::text, 'null') || ',"product":' || coalesce(to_json(t2.c1)::text, 'null') || ',"amount":' || coalesce('"' || t2.c2::text || '"', 'null') || '}', ','), ']')
  from (
    select t3."country" as c0, t3."product" as c1, t3."amount" as c2
    from w t3) t2)
-- $1 = {"CH","DE"}
-- $2 = {"tea","tea"}
-- $3 = {"4","5"}
-- cost 2
