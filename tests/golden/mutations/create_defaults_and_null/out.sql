with w as (insert into "schema"."authors" as t1 ("name", "email") values ($1::"pg_catalog"."text", $2::"pg_catalog"."text") returning 1 as "kapok.n", t1."id" as "id", t1."name" as "name", t1."email" as "email", t1."age" as "age", t1."created_at" as "created_at")
select coalesce((
    select '{"__typename":"Author","id":' || coalesce('"' || t2."id"::text || '"', 'null') || ',"name":' || coalesce(to_json(t2."name")::text, 'null') || ',"email":' || coalesce(to_json(t2."email")::text, 'null') || ',"age":' || coalesce(t2."age"::text, 'null') || ',"createdAt":' || coalesce(to_json(t2."created_at")::text, 'null') || ',"nodeId":"' || replace(encode(convert_to(json_build_array('Author'::text, t2."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = Cy
-- $2 = null
-- cost 2
