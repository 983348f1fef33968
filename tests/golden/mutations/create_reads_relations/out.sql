with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
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
-- $1 = 1
-- $2 = x
-- $3 = X

select (
  select '{"slug":' || coalesce(to_json(t0."slug")::text, 'null') || ',"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || ',"posts":' || (
        select concat('[', string_agg('{"slug":' || coalesce(to_json(t2.c0)::text, 'null') || '}', ','), ']')
        from (
          select t3."slug" as c0
          from "schema"."posts" t3
          where t3."author_id" = t1."id"
          order by t3."id"
          limit $1::"pg_catalog"."int8") t2) || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || ',"comments":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t4.c0::text || '"', 'null') || '}', ','), ']')
    from (
      select t5."id" as c0
      from "schema"."comments" t5
      where t5."post_id" = t0."id"
      limit $1::"pg_catalog"."int8") t4) || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- $1 = 1000
-- cost 5
