with w as (insert into "schema"."posts" as t1 ("author_id", "slug", "title", "status", "tags", "views", "meta", "shown", "address", "picture") values ($1::"pg_catalog"."int4", $2::"pg_catalog"."text", $3::"pg_catalog"."text", $4::"schema"."post_status", $5::"pg_catalog"."_text", $6::"pg_catalog"."int8", $7::"pg_catalog"."jsonb", $8::"pg_catalog"."daterange", $9::"schema"."address", $10::"pg_catalog"."bytea") returning 1 as "kapok.n", t1."slug" as "slug", t1."title" as "title", t1."status" as "status", t1."tags" as "tags", t1."views" as "views", t1."meta" as "meta", t1."shown" as "shown", t1."address" as "address", t1."picture" as "picture", t1."length" as "length")
select coalesce((
    select '{"slug":' || coalesce(to_json(t2."slug")::text, 'null') || ',"title":' || coalesce(to_json(t2."title")::text, 'null') || ',"status":' || coalesce('"' || upper(t2."status"::text collate "pg_catalog"."C") || '"', 'null') || ',"tags":' || coalesce(to_json(t2."tags")::text, 'null') || ',"views":' || coalesce('"' || t2."views"::text || '"', 'null') || ',"meta":' || coalesce(t2."meta"::text, 'null') || ',"shown":' || coalesce(case when t2."shown" is not null then '{"lower":' || coalesce(to_json(lower(t2."shown"))::text, 'null') || ',"upper":' || coalesce(to_json(upper(t2."shown"))::text, 'null') || '}' end, 'null') || ',"address":' || coalesce(case when t2."address" is distinct
      from null then '{"street":' || coalesce(to_json((t2."address")."street")::text, 'null') || ',"zipCode":' || coalesce((t2."address")."zip_code"::text, 'null') || '}' end, 'null') || ',"picture":' || coalesce('"' || replace(encode(t2."picture", 'base64'), chr(10), '') || '"', 'null') || ',"length":' || coalesce(t2."length"::text, 'null') || '}'
    from w t2), "kapok"."refuse"('KP005', '0:' || 1))
-- $1 = 1
-- $2 = x
-- $3 = Ten chars!
-- $4 = published
-- $5 = {"a","b,c","{d}","\"e\""}
-- $6 = 9007199254740993
-- $7 = {"a":[1,null,"it's"]}
-- $8 = ["2024-01-01","2024-02-01")
-- $9 = ("Main, ""1""","8000")
-- $10 = \x00ff
-- cost 2
