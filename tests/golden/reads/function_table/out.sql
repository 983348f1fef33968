select (
  select concat('[', string_agg(coalesce(case when t0.v is distinct
        from null then '{"tag":' || coalesce(to_json((t0.v)."tag")::text, 'null') || ',"n":' || coalesce('"' || (t0.v)."posts"::text || '"', 'null') || ',"__typename":"TagCountsResult"}' end, 'null'), ','), ']')
  from (
    select "schema"."tag_counts"("at_least" => $1::"pg_catalog"."int4") as v
    limit $2::"pg_catalog"."int8") t0)
-- $1 = 2
-- $2 = 100
-- cost 1
