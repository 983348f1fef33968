with s as materialized (
  select 1 as n, $1::"pg_catalog"."text" as v0, $2::"pg_catalog"."text" as v1, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v2, coalesce(t4.c0, "kapok"."refuse"('KP002', '1:' || 1)::"pg_catalog"."int4") as v3
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."authors" t1
    where t1."email" = $3::"pg_catalog"."text") t2 on true left join lateral (
    select t3."id" as c0
    from "schema"."authors" t3
    where t3."id" = $4::"pg_catalog"."int4") t4 on true), w as (insert into "schema"."posts" as t5 ("slug", "title", "author_id", "editor_id")
  select s.v0, s.v1, s.v2, s.v3
  from s
  order by s.n returning t5."id" as "id"), r as (
  select a.*, b."kapok.n"
  from (
    select w.*, row_number() over () as "kapok.p"
    from w) a join (
    select n as "kapok.n", row_number() over (
      order by n) as "kapok.p"
    from s) b on a."kapok.p" = b."kapok.p")
select (
  select "kapok"."refuse"('KP005', '2:' || s.n)
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
-- $1 = x
-- $2 = X
-- $3 = ann@example.com
-- $4 = 2

select (
  select '{"authorId":' || coalesce('"' || t0."author_id"::text || '"', 'null') || ',"editorId":' || coalesce('"' || t0."editor_id"::text || '"', 'null') || ',"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 5
