select (
  select '{"title":' || coalesce(to_json(t0."title")::text, 'null') || '}'
  from (
    select t1."id", t1."slug", t1."title", t1."body", t1."status", t1."tags", t1."views", t1."score", t1."featured", t1."meta", t1."published_at", t1."shown", t1."author_id", t1."editor_id"
    from "schema"."posts" t1
    where t1."status" = $1::"schema"."status") t0
  where t0."id" = $2::"pg_catalog"."uuid"), (
  select '{"title":' || coalesce(to_json(t2."title")::text, 'null') || '}'
  from (
    select t3."id", t3."slug", t3."title", t3."body", t3."status", t3."tags", t3."views", t3."score", t3."featured", t3."meta", t3."published_at", t3."shown", t3."author_id", t3."editor_id"
    from "schema"."posts" t3
    where t3."status" = $1::"schema"."status") t2
  where t2."id" = $3::"pg_catalog"."uuid"), (
  select '{"title":' || coalesce(to_json(t4."title")::text, 'null') || '}'
  from (
    select t5."id", t5."slug", t5."title", t5."body", t5."status", t5."tags", t5."views", t5."score", t5."featured", t5."meta", t5."published_at", t5."shown", t5."author_id", t5."editor_id"
    from "schema"."posts" t5
    where t5."status" = $1::"schema"."status") t4
  where t4."slug" = $4::"pg_catalog"."text"), coalesce((
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Author'::text, t6."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from (
      select t7."id", t7."name", t7."email", t7."bio", t7."born", t7."rating", t7."manager_id", t7."home"
      from "schema"."authors" t7
      where exists (
        select
        from "schema"."posts" t8
        where t8."author_id" = t7."id" and t8."status" = $1::"schema"."status")) t6
    where t6."id" = $5::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Comment'::text, t9."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from (
      select t10."id", t10."post_id", t10."author_id", t10."body", t10."created_at", t10."delay"
      from "schema"."comments" t10
      where exists (
        select
        from "schema"."posts" t11
        where t11."id" = t10."post_id" and t11."status" = $1::"schema"."status")) t9
    where t9."id" = $6::"pg_catalog"."int8"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Label'::text, t12."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."labels" t12
    where t12."id" = $7::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Post'::text, t13."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from (
      select t14."id", t14."slug", t14."title", t14."body", t14."status", t14."tags", t14."views", t14."score", t14."featured", t14."meta", t14."published_at", t14."shown", t14."author_id", t14."editor_id"
      from "schema"."posts" t14
      where t14."status" = $1::"schema"."status") t13
    where t13."id" = $8::"pg_catalog"."uuid"))
-- $1 = published
-- $2 = 00000000-0000-0000-0000-000000000003
-- $3 = 00000000-0000-0000-0000-000000000001
-- $4 = graphs
-- $5 = null
-- $6 = null
-- $7 = null
-- $8 = 00000000-0000-0000-0000-000000000003
