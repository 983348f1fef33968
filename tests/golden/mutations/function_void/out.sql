select (
  select 'true'
  from "schema"."forget_lines"()
  limit 1)
-- cost 1
