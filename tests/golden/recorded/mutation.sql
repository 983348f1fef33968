with w as (update "schema"."patients" as t1 set "ward" = $1::"pg_catalog"."text"
  where t1."id" = $2::"pg_catalog"."int4" returning 1 as "kapok.n", t1."ward" as "ward")
select (
  select '{"ward":' || coalesce(to_json(t2."ward")::text, 'null') || '}'
  from w t2)
-- then
select "schema"."kapok_read"($1::jsonb,$2::text,$3::text,$4::text)
-- $1 = {"tables":["patients"],"role":"service","document":"708d4d9c487dda4b57a90002e20f411f5bebb017e743459abbfa29b8945326ad","operation":"Move"}
-- $2 = tenant:00000000-0000-0000-0000-00000000000a
-- $3 = 203.0.113.9
-- $4 = mutation
