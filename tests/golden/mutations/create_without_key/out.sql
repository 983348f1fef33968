with w as (insert into "schema"."lines" as t1 ("line") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."line" as "line")
select coalesce((
    select '{"line":' || coalesce(to_json(t2."line")::text, 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = a

with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."text" as v0
  from unnest($1::"pg_catalog"."text"[]) with ordinality t0(c1, n)
  order by t0.n), w as (insert into "schema"."lines" as t1 ("line")
  select s.v0
  from s
  order by s.n returning t1."line" as "line")
select (
  select "kapok"."refuse"('KP005', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), (
  select concat('[', string_agg('{"line":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
  from (
    select t3."line" as c0
    from w t3) t2)
-- $1 = {"b","c"}
-- cost 6
