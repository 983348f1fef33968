with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text") on conflict ("slug") do update set "author_id" = excluded."author_id", "title" = excluded."title" returning 1 as "kapok.n", t1."id" as "id", t1."title" as "title")
select (
  select "kapok"."refuse"('KP006', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"title":' || coalesce(to_json(t2."title")::text, 'null') || '}'
  from w t2)
-- $1 = 1
-- $2 = x
-- $3 = X
-- cost 2
