with k(c0) as materialized (
  select concat('[', string_agg('{"at":' || coalesce(to_json(t0.c0)::text, 'null') || ',"patient":' || coalesce(t0.c1, 'null') || '}', ','), ']')
  from (
    select t1."at" as c0, (
      select pg_catalog.chr(1) || pg_catalog.jsonb_build_array('patients'::text, t2."id"::text)::text || pg_catalog.chr(2) || '{"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
      from "schema"."patients" t2
      where t2."id" = t1."patient_id") as c1
    from "schema"."visits" t1
    order by t1."at"
    limit $1::"pg_catalog"."int8") t0)
select (
  select pg_catalog.string_agg(case when p.n = 1 then p.v else pg_catalog.split_part(p.v, pg_catalog.chr(2), 2) end, ''
    order by p.n)
  from pg_catalog.string_to_table(k.c0, pg_catalog.chr(1)) with ordinality p(v, n)), pg_catalog.left(pg_catalog.set_config('kapok.rows_read', (
      select pg_catalog.jsonb_build_object('rows', pg_catalog.count(*), 'keys', coalesce(pg_catalog.jsonb_agg(case when pg_catalog.length(f.v) <= 300 then f.v::jsonb end
            order by f.n) filter (
            where f.n <= 100), '[]'))
      from (
        select e.v, pg_catalog.row_number() over (
          order by e.n) as n
        from (
          select pg_catalog.split_part(p.v, pg_catalog.chr(2), 1) as v, pg_catalog.min(p.n) as n
          from pg_catalog.string_to_table(pg_catalog.concat(k.c0), pg_catalog.chr(1)) with ordinality p(v, n)
          where p.n > 1
          group by 1) e) f)::text, true), 0)
from k
-- then
select "schema"."kapok_read"($1::jsonb,$2::text,$3::text,$4::text)
-- $1 = {"tables":["patients"],"role":"service","document":"978cc031a27c4a88994ea10797f454c2edf03e05327530cab321397bab96e723","operation":"Rounds"}
-- $2 = tenant:00000000-0000-0000-0000-00000000000a
-- $3 = 203.0.113.9
-- $4 = keys
