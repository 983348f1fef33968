with w as (
  select 1 as "kapok.n", t1."id" as "id"
  from "schema"."posts" t1
  where t1."id" = $1::"pg_catalog"."int4" for update of t1)
select left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = 1

with w as (delete
  from "schema"."comments" as t1
  where t1."id" = $1::"pg_catalog"."int4" and t1."post_id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" and current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n")
select (
  select "kapok"."refuse"('KP002', '0:' || 1)
  where not exists (
    select
    from w) and current_setting('kapok.w0') <> '[]'
  limit 1), (
  select count(*)::text
  from w)
-- $1 = 2

with w as (update "schema"."comments" as t1 set "body" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" and t1."post_id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" and current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP002', '0:' || 1)
  where not exists (
    select
    from w) and current_setting('kapok.w0') <> '[]'
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Very nice
-- $2 = 1

with w as (insert into "schema"."comments" as t1 ("body", "post_id")
  select $1::"pg_catalog"."text", (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4"
  where current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w) and current_setting('kapok.w0') <> '[]'
  limit 1), left(set_config('kapok.w2', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = New

with s as materialized (
  select 1 as n, (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" as v0, coalesce(t3.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v1
  from (values (1)) t0(n) left join lateral (
    select t2."id" as c0
    from "schema"."labels" t2
    where t2."name" = $1::"pg_catalog"."text") t3 on true
  where current_setting('kapok.w0') <> '[]'), w as (delete
  from "schema"."post_labels" as t1 using s
  where t1."post_id" = s.v0 and t1."label_id" = s.v1 returning s.n as "kapok.n")
select (
  select "kapok"."refuse"('KP002', '0:' || s.n)
  from s
  where not exists (
    select
    from w
    where w."kapok.n" = s.n)
  limit 1), (
  select count(*)::text
  from w)
-- $1 = news

with s as materialized (
  select 1 as n, (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4" as v0, coalesce(t2.c0, "kapok"."refuse"('KP002', '0:' || 1)::"pg_catalog"."int4") as v1
  from (values (1)) t0(n) left join lateral (
    select t1."id" as c0
    from "schema"."labels" t1
    where t1."id" = $1::"pg_catalog"."int4") t2 on true
  where current_setting('kapok.w0') <> '[]'), w as (insert into "schema"."post_labels" as t3 ("post_id", "label_id")
  select s.v0, s.v1
  from s
  order by s.n on conflict do nothing returning 1 as one)
select (
  select count(*)::text
  from w)
-- $1 = 2

with w as (insert into "schema"."labels" as t1 ("name")
  select $1::"pg_catalog"."text"
  where current_setting('kapok.w0') <> '[]' returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w) and current_setting('kapok.w0') <> '[]'
  limit 1), left(set_config('kapok.w3', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = new

with w as (insert into "schema"."post_labels" as t1 ("post_id", "label_id")
  select (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4", (current_setting('kapok.w3')::jsonb #>> '{0,1}')::"pg_catalog"."int4"
  where current_setting('kapok.w0') <> '[]' and current_setting('kapok.w3') <> '[]' on conflict do nothing returning 1 as "kapok.n")
select (
  select count(*)::text
  from w)

select (
  select '{"comments":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t1.c0::text || '"', 'null') || ',"body":' || coalesce(to_json(t1.c1)::text, 'null') || '}', ','), ']')
    from (
      select t2."id" as c0, t2."body" as c1
      from "schema"."comments" t2
      where t2."post_id" = t0."id"
      order by t2."id"
      limit $1::"pg_catalog"."int8") t1) || ',"labels":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t3.c0::text || '"', 'null') || ',"name":' || coalesce(to_json(t3.c1)::text, 'null') || '}', ','), ']')
    from (
      select t4."id" as c0, t4."name" as c1
      from "schema"."labels" t4 join "schema"."post_labels" t5 on t5."label_id" = t4."id"
      where t5."post_id" = t0."id"
      order by t4."id"
      limit $1::"pg_catalog"."int8") t3) || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- $1 = 1000
-- cost 10
