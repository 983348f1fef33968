with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title", "views") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text", $4::"pg_catalog"."int8") on conflict ("slug") do update set "title" = excluded."title" returning 1 as "kapok.n", t1."id" as "id", t1."author_id" as "author_id", t1."title" as "title", t1."views" as "views")
select (
  select "kapok"."refuse"('KP006', '0:' || 1)
  where not exists (
    select
    from w)
  limit 1), (
  select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"authorId":' || coalesce('"' || t2."author_id"::text || '"', 'null') || ',"title":' || coalesce(to_json(t2."title")::text, 'null') || ',"views":' || coalesce('"' || t2."views"::text || '"', 'null') || '}'
  from w t2)
-- $1 = 2
-- $2 = one
-- $3 = X
-- $4 = 5
-- cost 2
