select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || '}', ','), ']')
from (
  select t1."name" as c0
  from "schema"."patients" t1
  limit $1::"pg_catalog"."int8") t0
-- then
select "schema"."kapok_read"($1::jsonb,$2::text,$3::text,$4::text)
-- $1 = {"tables":["patients"],"role":"service","document":"f20f9b20de81b410892545f4f8f963b77a126ab8eca549a613aee92cec835776","operation":"Names"}
-- $2 = tenant:00000000-0000-0000-0000-00000000000a
-- $3 = 203.0.113.9
-- $4 = query
