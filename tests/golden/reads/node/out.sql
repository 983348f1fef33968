select coalesce((
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Author'::text, t0."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Author","name":' || coalesce(to_json(t0."name")::text, 'null') || '}'
    from "schema"."authors" t0
    where t0."id" = $1::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Comment'::text, t1."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Comment"}'
    from "schema"."comments" t1
    where t1."id" = $2::"pg_catalog"."int8"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Label'::text, t2."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Label"}'
    from "schema"."labels" t2
    where t2."id" = $3::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Membership'::text, t3."team_code"::text, t3."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Membership"}'
    from "schema"."memberships" t3
    where (t3."team_code" = $4::"pg_catalog"."bpchar" and t3."author_id" = $5::"pg_catalog"."int4")), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('PostLabel'::text, t4."post_id"::text, t4."label_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"PostLabel"}'
    from "schema"."post_labels" t4
    where (t4."post_id" = $6::"pg_catalog"."uuid" and t4."label_id" = $7::"pg_catalog"."int4")), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Post'::text, t5."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Post","title":' || coalesce(to_json(t5."title")::text, 'null') || '}'
    from "schema"."posts" t5
    where t5."id" = $8::"pg_catalog"."uuid"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Profile'::text, t6."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Profile"}'
    from "schema"."profiles" t6
    where t6."author_id" = $9::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Shift'::text, t7."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Shift"}'
    from "schema"."shifts" t7
    where t7."id" = $10::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Team'::text, t8."code"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '","__typename":"Team"}'
    from "schema"."teams" t8
    where t8."code" = $11::"pg_catalog"."bpchar"))
-- $1 = 1
-- $2 = null
-- $3 = null
-- $4 = null
-- $5 = null
-- $6 = null
-- $7 = null
-- $8 = null
-- $9 = null
-- $10 = null
-- $11 = null
-- cost 1
