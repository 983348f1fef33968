-- The type zoo: every Postgres type with its extreme values. Plain SQL that a tenant's owner may run in its own, empty
-- schema (search_path set to it); PostgreSQL 14 to 18; nothing of contrib. zoo_tables.sql has the tables, keys, functions and
-- names. Row 1 of a table holds ordinary values, row 2 the least or empty, row 3 the greatest, row 4 the strange ones (NaN,
-- infinity, more dimensions), row 5 nulls, and the rest what else can go wrong.

-- ---------------------------------------------------------------------------------------------------- scalar types
create table every_number (
  id int primary key,
  a_bool bool, a_int2 int2, a_int4 int4, a_int8 int8, a_float4 float4, a_float8 float8,
  a_numeric numeric, a_numeric_10_2 numeric(10, 2), a_money money,
  a_oid oid, a_xid xid, a_cid cid, a_xid8 xid8
);
insert into every_number values
  (1, true, 1, 2, 3, 1.5, 2.5, 3.14159, 3.14, 12.34, 5, '6', '7', '8'),
  (2, false, -32768, -2147483648, -9223372036854775808, -3.4028235e38, -1.7976931348623157e308,
    ('-' || repeat('9', 200) || '.' || repeat('9', 50))::numeric, -99999999.99, '-92233720368547758.08', 0, '0', '0', '0'),
  (3, true, 32767, 2147483647, 9223372036854775807, 3.4028235e38, 1.7976931348623157e308,
    (repeat('9', 200) || '.' || repeat('9', 50))::numeric, 99999999.99, '92233720368547758.07',
    4294967295, '4294967295', '4294967295', '18446744073709551615'),
  (4, false, 0, 0, 9007199254740993, 'NaN', '-Infinity', 'NaN', 0.10, 0, 0, '0', '0', '9007199254740993'),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (6, true, -1, -1, -1, 1.17549435e-38, 4.9e-324, 'Infinity', 'NaN', 0, 1, '1', '1', '1'),
  (7, true, 0, 0, 0, '-0', 0.1, 0.000000000000000000000000000000000000001, 1000.00, 1, 1, '1', '1', '1');

create table every_text (
  id int primary key,
  a_text text, a_varchar varchar, a_varchar_5 varchar(5), a_bpchar bpchar, a_char_5 char(5), a_name name, a_char "char",
  a_bytea bytea, a_uuid uuid, a_json json, a_jsonb jsonb, a_jsonpath jsonpath, a_xml xml, a_tsvector tsvector,
  a_tsquery tsquery
);
insert into every_text values
  (1, 'text', 'varchar', 'varch', 'bpchar', 'ch', 'name', 'c', '\x00ff', '123e4567-e89b-12d3-a456-426614174000',
    '{"b": 1,   "a": [1, 2.50, null], "a": 2}', '{"b": 1, "a": [1, 2.50, null]}', '$.a[*] ? (@ > 1)', '<a b="c">d</a>',
    'a:1A fat:2B,4C cat:5', 'fat & (rat | !cat)'),
  (2, '', '', '', '', '', '', '', '', '00000000-0000-0000-0000-000000000000', '0', '""', '$', '', '', null),
  (3, repeat('x', 10000), repeat('ä', 1000), 'äöüßé', 'x   ', 'äöüßé', repeat('n', 63), '~',
    decode(repeat('00ff7f80', 256), 'hex'), 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '"\u00e9\ud83c\udfc3\u0001"', '{"": {"": []}, "x": 12345678901234567890.123456789, "y": 1e-7}', 'strict $."a b"',
    '<ä>&lt;</ä>', $$'it''s' 'sp ace':1$$, $$'it''s' <-> 'sp ace':*$$),
  (4, E'tab\t newline\n return\r quote" back\\slash \x01\x1f del\x7f', E'\u2028\u2029\ufeff', E'\U0001F3C3', E'\n ',
    E'\t', 'semi;colon', '"', '\x', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'null', 'null', '$.**{2}.a',
    '<!--c--><?p i?>', '', null),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (6, '日本語 ελληνικά עברית 🏳️‍🌈', '%_\', '''''', '$1', '%s', '{}', '''', '\x5c', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'false', '[[], {}, "", 0, -0, 1E400, true, null]', '$', null, '日本:1', '日本');

create table every_time (
  id int primary key,
  a_date date, a_time time, a_time_0 time(0), a_timetz timetz, a_timestamp timestamp, a_timestamptz timestamptz,
  a_timestamptz_3 timestamptz(3), a_interval interval, a_interval_year interval year to month
);
insert into every_time values
  (1, '2024-02-29', '12:34:56.789012', '12:34:56', '12:34:56.789012+05:30', '2024-02-29 12:34:56.789012',
    '2024-02-29 12:34:56.789012+00', '2024-02-29 12:34:56.789+00', '1 year 2 months 3 days 04:05:06.789', '1 year 2 months'),
  (2, '4713-11-24 BC', '00:00:00', '00:00:00', '00:00:00+15:59', '4713-11-24 00:00:00 BC',
    '4713-11-24 00:00:00+00 BC', '0001-01-01 00:00:00+00', '-178000000 years', '-1 year'),
  (3, '5874897-12-31', '24:00:00', '24:00:00', '24:00:00-15:59', '294276-12-31 23:59:59.999999',
    '294276-12-31 23:59:59.999999+00', '9999-12-31 23:59:59.999+00', '178000000 years', '178000000 years'),
  (4, 'infinity', '23:59:59.999999', '00:00:00', '00:00:00+00', '-infinity', 'infinity', '-infinity',
    '-1 year +2 days -03:04:05.000001', '0'),
  (5, null, null, null, null, null, null, null, null, null),
  (6, '-infinity', '00:00:00.000001', '00:00:01', '12:00:00-03', 'infinity', '1969-12-31 23:59:59.999999+00',
    'infinity', '0', '11 months'),
  (7, '0001-01-01', '12:00:00', '12:00:00', '12:00:00+00:00:01', '0001-01-01 00:00:00 BC', '2024-03-31 02:30:00+02',
    '2024-12-31 23:59:59.9996+00', '1000000:00:00', '1 month');

create table every_other (
  id int primary key,
  a_inet inet, a_cidr cidr, a_macaddr macaddr, a_macaddr8 macaddr8, a_bit bit, a_bit_8 bit(8), a_varbit varbit,
  a_point point, a_line line, a_lseg lseg, a_box box, a_path path, a_polygon polygon, a_circle circle,
  a_tid tid, a_pg_lsn pg_lsn, a_pg_snapshot pg_snapshot, a_txid_snapshot txid_snapshot, a_refcursor refcursor,
  a_int2vector int2vector, a_oidvector oidvector, a_aclitem aclitem,
  a_regclass regclass, a_regtype regtype, a_regproc regproc, a_regprocedure regprocedure, a_regoper regoper,
  a_regoperator regoperator, a_regconfig regconfig, a_regdictionary regdictionary, a_regnamespace regnamespace,
  a_regrole regrole, a_regcollation regcollation
);
insert into every_other values
  (1, '192.168.0.1', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '1', '10101010', '101',
    '(1,2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1>',
    '(0,1)', '16/B374D848', '10:20:10,14,15', '10:20:10,14,15', 'cursor', '1 2 3', '4 5 6',
    makeaclitem(0, (select oid from pg_roles where rolname = current_user), 'SELECT', false),
    'pg_class', 'int4', 'now', 'abs(int4)', '|/', '+(int4,int4)', 'simple', 'simple', 'pg_catalog',
    null, 'pg_catalog."C"'),
  (2, '0.0.0.0/0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '0', '00000000', '',
    '(-1.7976931348623157e308,0)', '{0,-1,0}', '[(0,0),(0,0)]', '(0,0),(0,0)', '((0,0))', '((0,0))', '<(0,0),0>',
    '(0,0)', '0/0', '1:1:', '1:1:', '', '', '', null, 'pg_type', '"char"', null, null, null, null, null, null,
    'pg_toast', null, null),
  (3, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128', 'ff:ff:ff:ff:ff:ff',
    'ff:ff:ff:ff:ff:ff:ff:ff', '1', '11111111', repeat('10', 500)::varbit,
    '(1e-300,1e300)', '{-1,0,1e10}', '[(-1e10,1e-10),(1e10,1)]', '(1e300,1e300),(-1e300,-1e300)',
    '((0,0),(1,1),(2,0.1))', '((0,0),(0.1,0.2),(1,0))', '<(0.1,0.2),1e300>', '(4294967295,65535)', 'FFFFFFFF/FFFFFFFF',
    '1:9223372036854775807:', '1:9223372036854775807:', repeat('c', 100)::refcursor, '-32768 32767', '0 4294967295', null,
    null, 'timestamp with time zone', null, null, null, null, null, null, null, null, null),
  (4, '::ffff:1.2.3.4/96', '::/0', null, null, null, null, null, '(NaN,Infinity)', null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null);

-- ------------------------------------------------------------------------------ enums, composites, domains, ranges
create type mood as enum ('sad', 'ok', 'happy');
comment on type mood is E'How one feels.\n@value CONTENT ok';

create type hostile_label as enum (
  'in-progress', 'In Progress', 'IN_PROGRESS', 'true', 'false', 'null', '1st', '', ' ', 'C', 'C++', 'C#', '+', '-',
  'ça', 'ca', '城市', 'Straße', 'a"b', 'it''s', 'back\slash', 'comma,brace}', '(paren)', '%s', '$1', '🏃', '__dunder__',
  'ExactlySixtyThreeBytesLongLabel_ExactlySixtyThreeBytesLongLabel'
);

create type address as (street text, "zip code" varchar(10), mood mood, "Select" int, "select" int);
create type person as (name text, home address, others address[], born date);

create domain positive as int check (value > 0);
create domain email as text check (value like '%@%');
comment on domain email is 'An e-mail address.';
create domain required_text as text not null;
create domain required_again as required_text check (length(value) < 100);
create domain defaulted as int default 42;
create domain good_mood as mood check (value <> 'sad');
create domain tags as text[] check (cardinality(value) <= 5);
create domain home_address as address;
create domain opening as int4range;
create domain big as numeric(30, 5);

create type float_range as range (subtype = float8, subtype_diff = float8mi);
create type text_range as range (subtype = text);

create table every_built_type (
  id int primary key,
  a_mood mood, a_hostile hostile_label, an_address address, a_person person,
  a_positive positive, an_email email, a_required required_text default 'x', a_required_again required_again default 'x',
  a_defaulted defaulted, a_good_mood good_mood, some_tags tags, a_home home_address, an_opening opening, a_big big
);
insert into every_built_type values
  (1, 'ok', 'in-progress', ('Main St', '12345', 'happy', 1, 2),
    ('Ann', ('a', 'b', 'sad', 1, 2), array[('c', 'd', 'ok', 3, 4), null]::address[], '2000-01-01'),
    1, 'a@b', 'x', 'y', 1, 'happy', '{a,b}', ('s', 'z', 'ok', 0, 0), '[1,5)', 1.5),
  (2, 'sad', '', (null, null, null, null, null), (null, null, null, null), 1, '@', '', '', -1, 'ok', '{}',
    (null, null, null, null, null), 'empty', -9999999999999999999999999.99999),
  (3, 'happy', '城市', (E'quote" comma, (paren) back\\slash\n', 'äöü', 'ok', 2147483647, -2147483648),
    ('', ('', '', null, 0, 0), '{}', 'infinity'), 2147483647, repeat('x', 50) || '@', 'ü', 'ü', 2147483647, 'happy',
    '{NULL,"",null,"NULL","a,b"}', ('"', '''', null, null, null), '(,)', 9999999999999999999999999.99999),
  (4, null, 'comma,brace}', null, null, null, null, 'x', 'x', null, null, null, null, null, 'NaN');

create table every_range (
  id int primary key,
  a_int4range int4range, an_int8range int8range, a_numrange numrange, a_tsrange tsrange, a_tstzrange tstzrange,
  a_daterange daterange, a_float_range float_range, a_text_range text_range,
  an_int4multirange int4multirange, an_int8multirange int8multirange, a_nummultirange nummultirange,
  a_tsmultirange tsmultirange, a_tstzmultirange tstzmultirange, a_datemultirange datemultirange,
  a_float_multirange float_multirange, many_ranges int4range[], many_multiranges int4multirange[]
);
insert into every_range values
  (1, '[1,5)', '[1,5]', '[1.5,2.5]', '[2024-01-01,2024-02-01)', '[2024-01-01 00:00+00,2024-02-01 00:00+00)',
    '[2024-01-01,2024-01-31]', '(1.5,2.5]', '[a,b)', '{[1,3),[5,7)}', '{[1,3)}', '{[1.1,2.2),(3,4]}',
    '{[2024-01-01,2024-02-01)}', '{[2024-01-01 00:00+00,2024-02-01 00:00+00)}', '{[2024-01-01,2024-02-01)}', '{[1,2]}',
    '{"[1,2)","(,)",NULL,empty}', '{"{[1,2),[4,5)}",NULL,"{}"}'),
  (2, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}'),
  (3, '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '{(,)}', '{(,)}', '{(,)}', '{(,)}', '{(,)}', '{(,)}',
    '{(,)}', '{{"[1,2)"},{"[3,4)"}}', '{{"{[1,2)}"},{"{}"}}'),
  (4, '[-2147483648,2147483647)', '[-9223372036854775808,9223372036854775807)', '[NaN,NaN]',
    '[-infinity,infinity]', '[-infinity,infinity)', '[-infinity,infinity)', '[-Infinity,NaN]', '["","a,b\"c)"]',
    '{(,1),[5,)}', '{[9223372036854775806,9223372036854775807)}', '{[-Infinity,0),(0,Infinity]}', '{[-infinity,infinity]}',
    '{[-infinity,infinity]}', '{[-infinity,infinity)}', '{[-Infinity,Infinity]}', null, null),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);

create table every_array (
  id int primary key,
  bools bool[], int2s int2[], int4s int4[], int8s int8[], float4s float4[], float8s float8[], numerics numeric[],
  texts text[], varchars varchar(5)[], bpchars char(3)[], names name[], byteas bytea[], uuids uuid[], jsons json[],
  jsonbs jsonb[], dates date[], times time[], timetzs timetz[], timestamps timestamp[], timestamptzs timestamptz[],
  intervals interval[], inets inet[], cidrs cidr[], macaddrs macaddr[], bits bit(3)[], points point[], boxes box[],
  xmls xml[], tsvectors tsvector[], moods mood[], addresses address[], positives positive[], oids oid[], moneys money[]
);
insert into every_array values
  (1, '{t,f}', '{1,2}', '{1,2}', '{1,2}', '{1.5,2.5}', '{1.5,2.5}', '{1.50,2}', '{a,b}', '{a,b}', '{a,b}', '{a,b}',
    '{"\\x00","\\xff"}', '{123e4567-e89b-12d3-a456-426614174000}', '{"{\"a\":  1}","[]"}', '{"{\"a\":  1}","[]"}',
    '{2024-02-29}', '{12:00}', '{12:00+02}', '{2024-02-29 12:00}', '{2024-02-29 12:00+00}', '{1 day,1 month}',
    '{1.2.3.4,::1}', '{10.0.0.0/8}', '{08:00:2b:01:02:03}', '{101,010}', '{"(1,2)","(3,4)"}', '{(1,1),(0,0);(3,3),(2,2)}',
    '{<a/>}', '{a b,c}', '{sad,happy}', '{"(a,b,ok,1,2)","(,,,,)"}', '{1,2}', '{1,2}', '{1,2}'),
  (2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (3, '{NULL,t,NULL}', '{-32768,32767,NULL}', '{-2147483648,2147483647,NULL}',
    '{-9223372036854775808,9223372036854775807,NULL}', '{NaN,Infinity,-Infinity,NULL}', '{NaN,Infinity,-Infinity,NULL}',
    '{NaN,1e100,NULL}', array['', 'NULL', 'null', null, 'a,b', '{c}', 'quote"', E'back\\slash', E'new\nline', 'ü🏃', ' '],
    '{NULL}', '{NULL}', '{NULL}', '{NULL,"\\x"}', '{NULL}', '{NULL,null,"null"}', array[null, 'null'::jsonb],
    '{infinity,-infinity,NULL}', '{24:00,NULL}', '{NULL}', '{infinity,NULL}', '{-infinity,NULL}', '{NULL,0}', '{NULL}',
    '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL,ok}', '{NULL}', '{NULL,1}', '{NULL,0}',
    '{NULL}'),
  (4, '{{t,f},{f,NULL}}', '{{1,2},{3,4}}', '{{{1,2},{3,4}},{{5,6},{7,NULL}}}', '{{1},{2}}', '{{1.5},{NaN}}', '{{1},{2}}',
    '{{1.10},{2}}', '{{a,NULL},{"","x y"}}', '{{a},{b}}', '{{a},{b}}', '{{a},{b}}', '{{"\\x00"},{"\\x01"}}',
    '{{123e4567-e89b-12d3-a456-426614174000}}', '{{"[1]"},{"{}"}}', '{{"[1]"},{"{}"}}', '{{2024-01-01}}', '{{12:00}}',
    '{{12:00+00}}', '{{2024-01-01}}', '{{2024-01-01 00:00+00}}', '{{1 day}}', '{{::1}}', '{{::/0}}',
    '{{08:00:2b:01:02:03}}', '{{101}}', '{{"(1,2)"}}', '{{(1,1),(0,0)}}', '{{<a/>}}', '{{a}}', '{{sad},{ok}}',
    '{{"(a,b,ok,1,2)"}}', '{{1}}', '{{1}}', '{{1}}'),
  (5, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (6, '[2:3]={t,f}', '[0:1]={1,2}', '[-1:0][5:6]={{1,2},{3,4}}', null, null, null, null, '[7:7]={x}', null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null);
