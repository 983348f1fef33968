select (
  select t0.v::text
  from (
    select "schema"."add_numbers"("a" => $1::"pg_catalog"."int4") as v offset 0) t0), (
  select t1.v::text
  from (
    select "schema"."add_numbers"("a" => $1::"pg_catalog"."int4", "b" => $2::"pg_catalog"."int4") as v offset 0) t1), (
  select t2.v::text
  from (
    select "schema"."add_numbers"("a" => $1::"pg_catalog"."int4", "b" => $3::"pg_catalog"."int4") as v offset 0) t2), (
  select '"' || t3.v::text || '"'
  from (
    select "schema"."big_number"() as v offset 0) t3)
-- $1 = 1
-- $2 = 2
-- $3 = null
-- cost 0
