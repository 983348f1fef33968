with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Cy

with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w1', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Ed

with w as (insert into "schema"."profiles" as t1 ("motto", "author_id") values ($1::"pg_catalog"."text", (current_setting('kapok.w1')::jsonb #>> '{0,1}')::"pg_catalog"."int4") returning 1 as "kapok.n", t1."author_id" as "author_id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w2', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."author_id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Cut

with w as (insert into "schema"."posts" as t1 ("slug", "title", "author_id", "editor_id") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4", (current_setting('kapok.w1')::jsonb #>> '{0,1}')::"pg_catalog"."int4") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w3', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = x
-- $2 = X

with w as (insert into "schema"."posts" as t1 ("slug", "title", "author_id") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4") returning 2 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 2)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w3', (current_setting('kapok.w3')::jsonb || coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = y
-- $2 = Y

with w as (insert into "schema"."authors" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w4', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = Fay

with s as materialized (
  select 1 as n, $1::"pg_catalog"."text" as v0, (t1.v ->> 1)::"pg_catalog"."int4" as v1, (current_setting('kapok.w4')::jsonb #>> '{0,1}')::"pg_catalog"."int4" as v2
  from (values (1)) t0(n) join jsonb_array_elements(current_setting('kapok.w3')::jsonb) t1(v) on (t1.v ->> 0)::"pg_catalog"."int4" = 1), w as (insert into "schema"."comments" as t2 ("body", "post_id", "author_id")
  select s.v0, s.v1, s.v2
  from s
  order by s.n returning t2."id" as "id"), r as (
  select a.*, b."kapok.n"
  from (
    select w.*, row_number() over () as "kapok.p"
    from w) a join (
    select n as "kapok.n", row_number() over (
      order by n) as "kapok.p"
    from s) b on a."kapok.p" = b."kapok.p")
select (
  select "kapok"."refuse"('KP005', '0:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), left(set_config('kapok.w5', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(r."kapok.n", r."id"::text)
            from r) k(v)), '[]'))::text, true), 0)
-- $1 = 1

with s as materialized (
  select 2 as n, $1::"pg_catalog"."text" as v0, (t1.v ->> 1)::"pg_catalog"."int4" as v1, coalesce(t3.c0, "kapok"."refuse"('KP002', '0:' || 2)::"pg_catalog"."int4") as v2
  from (values (1)) t0(n) join jsonb_array_elements(current_setting('kapok.w3')::jsonb) t1(v) on (t1.v ->> 0)::"pg_catalog"."int4" = 1 left join lateral (
    select t2."id" as c0
    from "schema"."authors" t2
    where t2."id" = $2::"pg_catalog"."int4") t3 on true), w as (insert into "schema"."comments" as t4 ("body", "post_id", "author_id")
  select s.v0, s.v1, s.v2
  from s
  order by s.n returning t4."id" as "id"), r as (
  select a.*, b."kapok.n"
  from (
    select w.*, row_number() over () as "kapok.p"
    from w) a join (
    select n as "kapok.n", row_number() over (
      order by n) as "kapok.p"
    from s) b on a."kapok.p" = b."kapok.p")
select (
  select "kapok"."refuse"('KP005', '1:' || s.n)
  from s
  where (
    select count(*)
    from w) <> (
    select count(*)
    from s)
  limit 1), left(set_config('kapok.w5', (current_setting('kapok.w5')::jsonb || coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(r."kapok.n", r."id"::text)
            from r) k(v)), '[]'))::text, true), 0)
-- $1 = 2
-- $2 = 2

with w as (insert into "schema"."labels" as t1 ("name") values ($1::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select (
  select "kapok"."refuse"('KP005', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), left(set_config('kapok.w6', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = deep

with s as materialized (
  select 1 as n, (t1.v ->> 1)::"pg_catalog"."int4" as v0, (current_setting('kapok.w6')::jsonb #>> '{0,1}')::"pg_catalog"."int4" as v1
  from (values (1)) t0(n) join jsonb_array_elements(current_setting('kapok.w3')::jsonb) t1(v) on (t1.v ->> 0)::"pg_catalog"."int4" = 1), w as (insert into "schema"."post_labels" as t2 ("post_id", "label_id")
  select s.v0, s.v1
  from s
  order by s.n on conflict do nothing returning 1 as one)
select (
  select count(*)::text
  from w)

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"posts":' || (
    select concat('[', string_agg('{"slug":' || coalesce(to_json(t1.c0)::text, 'null') || ',"editor":' || coalesce(t1.c1, 'null') || ',"comments":' || t1.c2 || ',"labels":' || t1.c3 || '}', ','), ']')
    from (
      select t2."slug" as c0, (
        select '{"name":' || coalesce(to_json(t3."name")::text, 'null') || ',"profile":' || coalesce((
            select '{"motto":' || coalesce(to_json(t4."motto")::text, 'null') || '}'
            from "schema"."profiles" t4
            where t4."author_id" = t3."id"), 'null') || '}'
        from "schema"."authors" t3
        where t3."id" = t2."editor_id") as c1, (
        select concat('[', string_agg('{"body":' || coalesce(to_json(t5.c0)::text, 'null') || ',"author":' || coalesce(t5.c1, 'null') || '}', ','), ']')
        from (
          select t6."body" as c0, (
            select '{"name":' || coalesce(to_json(t7."name")::text, 'null') || '}'
            from "schema"."authors" t7
            where t7."id" = t6."author_id") as c1
          from "schema"."comments" t6
          where t6."post_id" = t2."id"
          order by t6."id"
          limit $1::"pg_catalog"."int8") t5) as c2, (
        select concat('[', string_agg('{"name":' || coalesce(to_json(t8.c0)::text, 'null') || '}', ','), ']')
        from (
          select t9."name" as c0
          from "schema"."labels" t9 join "schema"."post_labels" t10 on t10."label_id" = t9."id"
          where t10."post_id" = t2."id"
          limit $1::"pg_catalog"."int8") t8) as c3
      from "schema"."posts" t2
      where t2."author_id" = t0."id"
      order by t2."id"
      limit $1::"pg_catalog"."int8") t1) || '}'
  from "schema"."authors" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- $1 = 1000
-- cost 152
