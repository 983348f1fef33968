with s as materialized (
  select 1 as n, $1::"pg_catalog"."text" as v0, $2::"pg_catalog"."text" as v1, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v2
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."authors" t1
    where t1."id" = $3::"pg_catalog"."int4") t2 on true), w as (insert into "schema"."posts" as t3 ("slug", "title", "author_id")
  select s.v0, s.v1, s.v2
  from s
  order by s.n on conflict ("slug") do update set "author_id" = excluded."author_id", "title" = excluded."title" returning t3."id" as "id"), r as (
  select a.*, b."kapok.n"
  from (
    select w.*, row_number() over () as "kapok.p"
    from w) a join (
    select n as "kapok.n", row_number() over (
      order by n) as "kapok.p"
    from s) b on a."kapok.p" = b."kapok.p")
select (
  select "kapok"."refuse"('KP006', '1:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(r."kapok.n", r."id"::text)
            from r) k(v)), '[]'))::text, true), 0)
-- $1 = one
-- $2 = X
-- $3 = 2

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 4
