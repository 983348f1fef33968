with w as (update "schema"."posts" as t1 set "editor_id" = null
  where t1."id" = $1::"pg_catalog"."int4" returning 1 as "kapok.n", t1."id" as "id")
select left(set_config('kapok.w0', (coalesce((
          select jsonb_agg(k.v)
          from (
            select jsonb_build_array(w."kapok.n", w."id"::text)
            from w) k(v)), '[]'))::text, true), 0)
-- $1 = 1

select (
  select '{"editorId":' || coalesce('"' || t0."editor_id"::text || '"', 'null') || ',"editor":' || coalesce((
      select '{"id":' || coalesce('"' || t1."id"::text || '"', 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."editor_id"), 'null') || '}'
  from "schema"."posts" t0
  where t0."id" = (current_setting('kapok.w0')::jsonb #>> '{0,1}')::"pg_catalog"."int4")
-- cost 4
