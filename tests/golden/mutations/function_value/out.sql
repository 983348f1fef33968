select (
  select t0.v::text
  from (
    select "schema"."rename_all"() as v offset 0) t0)

select (
  select t0.v::text
  from (
    select "schema"."rename_all"("suffix" => $1::"pg_catalog"."text") as v offset 0) t0)
-- $1 = ?
-- cost 2
