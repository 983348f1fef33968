select left(set_config('kapok.w0', coalesce((
        select array_agg(k.v)::text
        from (
          select t0
          from "schema"."publish"("post_id" => $1::"pg_catalog"."int4") t0
          where not (t0 is null)) k(v)), '{}'), true), 0)
-- $1 = 1

select (
  select '{"id":' || coalesce('"' || t0."id"::text || '"', 'null') || ',"status":' || coalesce('"' || upper(t0."status"::text collate "pg_catalog"."C") || '"', 'null') || ',"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t1."name")::text, 'null') || '}'
      from "schema"."authors" t1
      where t1."id" = t0."author_id"), 'null') || '}'
  from unnest(current_setting('kapok.w0')::"schema"."posts"[]) t0)
-- cost 3
