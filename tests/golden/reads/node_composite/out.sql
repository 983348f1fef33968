select coalesce((
    select '{"__typename":"Author"}'
    from "schema"."authors" t0
    where t0."id" = $1::"pg_catalog"."int4"), (
    select '{"__typename":"Comment"}'
    from "schema"."comments" t1
    where t1."id" = $2::"pg_catalog"."int8"), (
    select '{"__typename":"Label"}'
    from "schema"."labels" t2
    where t2."id" = $3::"pg_catalog"."int4"), (
    select '{"__typename":"Membership","role":' || coalesce(to_json(t3."role")::text, 'null') || ',"nodeId":"' || replace(encode(convert_to(json_build_array('Membership'::text, t3."team_code"::text, t3."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."memberships" t3
    where (t3."team_code" = $4::"pg_catalog"."bpchar" and t3."author_id" = $5::"pg_catalog"."int4")), (
    select '{"__typename":"PostLabel"}'
    from "schema"."post_labels" t4
    where (t4."post_id" = $6::"pg_catalog"."uuid" and t4."label_id" = $7::"pg_catalog"."int4")), (
    select '{"__typename":"Post"}'
    from "schema"."posts" t5
    where t5."id" = $8::"pg_catalog"."uuid"), (
    select '{"__typename":"Profile"}'
    from "schema"."profiles" t6
    where t6."author_id" = $9::"pg_catalog"."int4"), (
    select '{"__typename":"Shift"}'
    from "schema"."shifts" t7
    where t7."id" = $10::"pg_catalog"."int4"), (
    select '{"__typename":"Team"}'
    from "schema"."teams" t8
    where t8."code" = $11::"pg_catalog"."bpchar"))
-- $1 = null
-- $2 = null
-- $3 = null
-- $4 = x   
-- $5 = 2
-- $6 = null
-- $7 = null
-- $8 = null
-- $9 = null
-- $10 = null
-- $11 = null
-- cost 1
