select coalesce((
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Author'::text, t0."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."authors" t0
    where t0."id" = $1::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Comment'::text, t1."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."comments" t1
    where t1."id" = $2::"pg_catalog"."int8"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Label'::text, t2."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."labels" t2
    where t2."id" = $3::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Membership'::text, t3."team_code"::text, t3."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."memberships" t3
    where (t3."team_code" = $4::"pg_catalog"."bpchar" and t3."author_id" = $5::"pg_catalog"."int4")), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('PostLabel'::text, t4."post_id"::text, t4."label_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."post_labels" t4
    where (t4."post_id" = $6::"pg_catalog"."uuid" and t4."label_id" = $7::"pg_catalog"."int4")), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Post'::text, t5."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."posts" t5
    where t5."id" = $8::"pg_catalog"."uuid"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Profile'::text, t6."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."profiles" t6
    where t6."author_id" = $9::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Shift'::text, t7."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."shifts" t7
    where t7."id" = $10::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Team'::text, t8."code"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."teams" t8
    where t8."code" = $11::"pg_catalog"."bpchar")), coalesce((
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Author'::text, t9."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."authors" t9
    where t9."id" = $12::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Comment'::text, t10."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."comments" t10
    where t10."id" = $13::"pg_catalog"."int8"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Label'::text, t11."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."labels" t11
    where t11."id" = $14::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Membership'::text, t12."team_code"::text, t12."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."memberships" t12
    where (t12."team_code" = $15::"pg_catalog"."bpchar" and t12."author_id" = $16::"pg_catalog"."int4")), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('PostLabel'::text, t13."post_id"::text, t13."label_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."post_labels" t13
    where (t13."post_id" = $17::"pg_catalog"."uuid" and t13."label_id" = $18::"pg_catalog"."int4")), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Post'::text, t14."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."posts" t14
    where t14."id" = $19::"pg_catalog"."uuid"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Profile'::text, t15."author_id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."profiles" t15
    where t15."author_id" = $20::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Shift'::text, t16."id"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."shifts" t16
    where t16."id" = $21::"pg_catalog"."int4"), (
    select '{"nodeId":"' || replace(encode(convert_to(json_build_array('Team'::text, t17."code"::text)::text, 'UTF8'), 'base64'), chr(10), '') || '"}'
    from "schema"."teams" t17
    where t17."code" = $22::"pg_catalog"."bpchar"))
-- $1 = 99
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
-- $12 = null
-- $13 = null
-- $14 = null
-- $15 = null
-- $16 = null
-- $17 = null
-- $18 = null
-- $19 = null
-- $20 = null
-- $21 = null
-- $22 = null
-- cost 2
