select concat('[', string_agg('{"name":' || coalesce(to_json(t0.c0)::text, 'null') || ',"postsAggregate":' || t0.c1 || '}', ','), ']')
from (
  select t1."name" as c0, (
    select concat('[', string_agg('{"group":{"status":' || coalesce(case t2.c0 when 'draft'::"schema"."status" then '"DRAFT"' when 'in review'::"schema"."status" then '"IN_REVIEW"' when 'published'::"schema"."status" then '"PUBLISHED"' end, 'null') || '},"count":' || t2.c1::text || '}', ','), ']')
    from (
      select t3."status" as c0, count(*) as c1
      from "schema"."posts" t3
      where t3."author_id" = t1."id"
      group by t3."status"
      order by t3."status"
      limit $1::"pg_catalog"."int8") t2) as c1
  from "schema"."authors" t1
  order by t1."id"
  limit $1::"pg_catalog"."int8") t0
-- $1 = 100
-- cost 11
