select (
  select '{"teamCode":' || coalesce(to_json(t0."team_code")::text, 'null') || ',"role":' || coalesce(to_json(t0."role")::text, 'null') || ',"team":' || coalesce((
      select '{"code":' || coalesce(to_json(t1."code")::text, 'null') || ',"title":' || coalesce(to_json(t1."title")::text, 'null') || '}'
      from "schema"."teams" t1
      where t1."code" = t0."team_code"), 'null') || ',"author":' || coalesce((
      select '{"name":' || coalesce(to_json(t2."name")::text, 'null') || '}'
      from "schema"."authors" t2
      where t2."id" = t0."author_id"), 'null') || ',"shifts":' || (
    select concat('[', string_agg('{"id":' || coalesce('"' || t3.c0::text || '"', 'null') || ',"starts":' || coalesce(to_json(t3.c1)::text, 'null') || ',"membership":' || coalesce(t3.c2, 'null') || '}', ','), ']')
    from (
      select t4."id" as c0, t4."starts" as c1, (
        select '{"role":' || coalesce(to_json(t5."role")::text, 'null') || '}'
        from "schema"."memberships" t5
        where t5."team_code" = t4."team_code" and t5."author_id" = t4."author_id") as c2
      from "schema"."shifts" t4
      where t4."team_code" = t0."team_code" and t4."author_id" = t0."author_id"
      limit $1::"pg_catalog"."int8") t3) || '}'
  from "schema"."memberships" t0
  where (t0."team_code" = $2::"pg_catalog"."bpchar" and t0."author_id" = $3::"pg_catalog"."int4"))
-- $1 = 100
-- $2 = x
-- $3 = 2
-- cost 14
