-- The tables and rows of the golden reads. Changing a row changes answers: look at every out.json that changes.
create type status as enum ('draft', 'in review', 'published');
create type place as (city text, zip varchar(10), height numeric);
create domain email as text check (value like '%@%');

create table authors (
  id int primary key generated always as identity,
  name text not null,
  email email unique,
  bio text,
  born date,
  rating numeric(6, 2),
  manager_id int references authors,
  home place
);
comment on table authors is 'People who write.';
create table profiles (author_id int primary key references authors, theme text not null default 'light', avatar bytea);
create table posts (
  id uuid primary key,
  slug text not null unique,
  title text not null,
  body text,
  status status not null default 'draft',
  tags text[] not null default '{}',
  views bigint not null default 0,
  score float8,
  featured boolean,
  meta jsonb,
  published_at timestamptz,
  shown daterange,
  author_id int not null references authors,
  editor_id int references authors
);
create index on posts (author_id);
create table comments (
  id bigint primary key generated always as identity,
  post_id uuid not null references posts,
  author_id int references authors,
  body text not null,
  created_at timestamp not null,
  delay interval
);
create index on comments (post_id);
create table labels (id int primary key, name text not null);
create table post_labels (
  post_id uuid not null references posts, label_id int not null references labels, primary key (post_id, label_id)
);
create table teams (code char(4) primary key, title varchar(40));
create table memberships (
  team_code char(4) not null references teams, author_id int not null references authors, role text,
  primary key (team_code, author_id)
);
create table shifts (
  id int primary key, team_code char(4) not null, author_id int not null, starts timestamptz not null,
  foreign key (team_code, author_id) references memberships
);
create view post_facts as select title, status, length(body) as size from posts;

create function excerpt(p posts) returns text language sql stable
  as $$ select left(p.body, 10) $$;
create function posts_similar(p posts, at_least int default 1) returns setof posts language sql stable
  as $$ select o.* from posts o where o.id <> p.id and cardinality(array(select unnest(o.tags) intersect select unnest(p.tags))) >= at_least $$;
create function authors_best(a authors) returns posts language sql stable
  as $$ select * from posts where author_id = a.id order by views desc limit 1 $$;
create function posts_tagged(tag text) returns setof posts language sql stable
  as $$ select * from posts where tag = any(tags) $$;
create function latest_post(min_views bigint default null) returns posts language sql stable
  as $$ select * from posts where min_views is null or views >= min_views order by published_at desc nulls last limit 1 $$;
create function add_numbers(a int, b int default 10) returns int language sql immutable as $$ select a + b $$;
create function all_tags() returns setof text language sql stable
  as $$ select distinct unnest(tags) as tag from posts order by tag $$;
create function tag_counts(at_least int default 1) returns table (tag text, posts bigint) language sql stable
  as $$ select t, count(*) from posts, unnest(tags) t group by t having count(*) >= at_least order by 2 desc, 1 $$;
create function big_number() returns bigint language sql immutable as $$ select 9007199254740993 $$;
create function home_of(author int) returns place language sql stable as $$ select home from authors where id = author $$;

insert into authors (name, email, bio, born, rating, manager_id, home) values
  ('Ada', 'ada@x.org', 'Wrote the first program.', '1815-12-10', 9.50, null, ('London', 'W1', 11)),
  ('Björn', 'b@x.org', null, '1980-02-29', 7.25, 1, ('Malmö', null, 2.5)),
  ('Chen', null, 'Writes about "quotes" and \slashes.', null, null, 1, null),
  ('Dora', 'd@x.org', '', '1990-01-01', 7.25, 2, (null, null, null)),
  ('Émile', 'e@x.org', 'never published', '1840-04-02', -1.00, 2, null);
insert into profiles values (1, 'dark', '\x00ff10'), (2, 'light', null);
insert into posts values
  ('00000000-0000-0000-0000-000000000001', 'hello', 'Hello world', 'The first post says hello.', 'published', '{sql,intro}', 100, 1.5, true,
    '{"lang": "en", "stats": {"likes": 3}}', '2024-01-01 10:00+00', '[2024-01-01,2024-02-01)', 1, 2),
  ('00000000-0000-0000-0000-000000000002', 'joins', 'Joins in depth', 'Lateral joins and friends.', 'published', '{sql}', 250, 4.25, false,
    '{"lang": "en"}', '2024-02-01 10:00+00', '[2024-02-01,)', 1, null),
  ('00000000-0000-0000-0000-000000000003', 'graphs', 'Graphs & trees', 'Trees are graphs.', 'in review', '{graphs,intro}', 9007199254740993, null, null,
    null, null, null, 2, 1),
  ('00000000-0000-0000-0000-000000000004', 'empty', 'Untitled', null, 'draft', '{}', 0, -0.5, false,
    '[1, 2, 3]', null, 'empty', 2, null),
  ('00000000-0000-0000-0000-000000000005', 'quotes', 'A "quoted" \title', E'line one\nline two', 'published', '{sql,"with, comma"}', 100, 4.25, true,
    '"text"', '2024-03-01 10:00:00.123456+00', '(,2024-01-01)', 3, 1),
  ('00000000-0000-0000-0000-000000000006', 'percent', '100% sure_thing', 'Percent signs.', 'draft', '{sql}', 7, 'NaN', null,
    'null', '2023-12-31 23:59:59+00', null, 4, null);
insert into comments (post_id, author_id, body, created_at, delay) values
  ('00000000-0000-0000-0000-000000000001', 2, 'Nice.', '2024-01-01 11:00', '1 hour'),
  ('00000000-0000-0000-0000-000000000001', 3, 'Agreed.', '2024-01-02 11:00', '1 day 02:03:04.5'),
  ('00000000-0000-0000-0000-000000000001', null, 'Spam!', '2024-01-03 11:00', null),
  ('00000000-0000-0000-0000-000000000002', 2, 'Deep.', '2024-02-01 12:00', '2 hours'),
  ('00000000-0000-0000-0000-000000000005', 1, 'It''s fine.', '2024-03-01 12:00', '2 hours'),
  ('00000000-0000-0000-0000-000000000005', 4, 'It''s not.', '2024-03-01 12:00', '-1 mon');
insert into labels values (1, 'database'), (2, 'beginner'), (3, 'unused');
insert into post_labels values
  ('00000000-0000-0000-0000-000000000001', 1), ('00000000-0000-0000-0000-000000000001', 2),
  ('00000000-0000-0000-0000-000000000002', 1), ('00000000-0000-0000-0000-000000000003', 2);
insert into teams values ('core', 'Core team'), ('x', null);
insert into memberships values ('core', 1, 'lead'), ('core', 2, 'member'), ('x', 2, null);
insert into shifts values (1, 'core', 1, '2024-05-01 08:00+00'), (2, 'core', 1, '2024-05-02 08:00+00'), (3, 'x', 2, '2024-05-03 08:00+00');
