create type order_status as enum ('draft', 'placed', 'shipped');

create table customers (
  id uuid primary key default gen_random_uuid(),
  email text not null unique,
  name text not null,
  credit numeric not null default 0 check (credit >= 0),
  is_admin boolean not null default false
);

create table orders (
  id bigint generated always as identity primary key,
  number text not null unique,
  customer_id uuid not null references customers,
  status order_status not null default 'draft',
  note text,
  placed_by text not null default 'nobody'
);

create table items (
  id bigint generated always as identity primary key,
  order_id bigint not null references orders on delete cascade,
  product text not null,
  quantity int not null,
  price numeric(10, 2) not null,
  constraint quantity_is_positive check (quantity > 0)
);

create table tags (id int generated always as identity primary key, name text not null unique);
create table order_tags (
  order_id bigint references orders on delete cascade,
  tag_id int references tags on delete cascade,
  primary key (order_id, tag_id)
);

create table feedback (id int generated always as identity primary key, words text not null, stars int);

create function ship(number text) returns orders language sql as
  $$ update orders set status = 'shipped' where orders.number = ship.number returning * $$;
create function forget_feedback() returns void language sql as $$ delete from feedback $$;
