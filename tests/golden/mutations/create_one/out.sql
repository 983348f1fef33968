with w as (insert into "schema"."authors" as t1 ("name", "email", "age") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text", $3::"pg_catalog"."int4") returning 1 as "kapok.n", t1."id" as "id", t1."name" as "name", t1."email" as "email", t1."age" as "age", t1."created_at" as "created_at")
select coalesce((
    select '{"id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t2."name")::text, 'null') || ',"email":' || coalesce(to_json(t2."email")::text, 'null') || ',"age":' || coalesce(t2."age"::text, 'null') || ',"createdAt":' || coalesce(to_json(t2."created_at")::text, 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = Cy
-- $2 = cy@example.com
-- $3 = 5
-- cost 2
