with s as materialized (
  select t0.n as n, t0.c1::"pg_catalog"."int4" as v0, t0.c2::"pg_catalog"."text" as v1, t0.c3::"pg_catalog"."text" as v2, t0.c4::"pg_catalog"."_text" as v3, t0.c5::"pg_catalog"."jsonb" as v4, t0.c6::"pg_catalog"."daterange" as v5, t0.c7::"schema"."address" as v6
  from unnest($1::"pg_catalog"."text"[], $2::"pg_catalog"."text"[], $3::"pg_catalog"."text"[], $4::"pg_catalog"."text"[], $5::"pg_catalog"."text"[], $6::"pg_catalog"."text"[], $7::"pg_catalog"."text"[]) with ordinality t0(c1, c2, c3, c4, c5, c6, c7, n)
  order by t0.n), w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title", "tags", "meta", "shown", "address")
  select s.v0, s.v1, s.v2, s.v3, s.v4, s.v5, s.v6
  from s
  order by s.n returning t1."slug" as "slug", t1."tags" as "tags", t1."meta" as "meta", t1."address" as "address", t1."shown" as "shown")
select (
  select "kapok"."refuse"('KP005', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), (
  select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || ',"tags":' || coalesce(to_json(t2.c1)::text, 'null') || ',"meta":' || coalesce(t2.c2::text, 'null') || ',"address":' || coalesce(case when t2.c3 is distinct
        from null then '{"street":' || coalesce(to_json((t2.c3)."street")::text, 'null') || '}' end, 'null') || ',"shown":' || coalesce(case when t2.c4 is not null then '{"lower":' || coalesce(to_json(lower(t2.c4))::text, 'null') || ',"upper":' || coalesce(to_json(upper(t2.c4))::text, 'null') || '}' end, 'null') || '}', ','), ']')
  from (
    select t3."slug" as c0, t3."tags" as c1, t3."meta" as c2, t3."address" as c3, t3."shown" as c4
    from w t3) t2)
-- $1 = {"1","1"}
-- $2 = {"x","y"}
-- $3 = {"X","Y"}
-- $4 = {"{\"a\",\"b,c\"}","{}"}
-- $5 = {"{\"k\":\"{\\\"1\\\"}\"}",NULL}
-- $6 = {"[\"2024-01-01\",)",NULL}
-- $7 = {"(\"A, b\",)",NULL}
-- cost 2
