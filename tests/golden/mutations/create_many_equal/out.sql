with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."text" as v0, t0.c2::"pg_catalog"."int4" as v1
  from unnest($1::"pg_catalog"."text"[], $2::"pg_catalog"."text"[]) with ordinality t0(c1, c2, n)
  order by t0.n), w as (insert into "schema"."authors" as t1 ("name", "age")
  select s.v0, s.v1
  from s
  order by s.n returning t1."id" as "id", t1."name" as "name", t1."age" as "age")
select (
  select "kapok"."refuse"('KP005', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), (
  select concat('[', string_agg('{"id":' || coalesce('"' || t2.c0::text || '"', 'null') || ',"name":' || coalesce(to_json(t2.c1)::text, 'null') || ',"age":' || coalesce(t2.c2::text, 'null') || '}', ','), ']')
  from (
    select t3."id" as c0, t3."name" as c1, t3."age" as c2
    from w t3) t2)
-- $1 = {"Cy \"the\" {1,2}","Di","Ed\\"}
-- $2 = {"1",NULL,"3"}
-- cost 2
