-- An example to replace. Use plain names: a migration runs in the tenant's own schema, in one transaction.
create table notes (
  id uuid primary key default gen_random_uuid(),
  title text not null constraint notes_title_not_empty check (title <> ''),
  body text not null default '',
  created_at timestamptz not null default now()
);
comment on table notes is 'A short text.';
create index notes_created_at_idx on notes (created_at desc);
