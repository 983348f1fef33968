with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id")
select coalesce((
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = 99
-- $2 = x
-- $3 = X
-- cost 2
