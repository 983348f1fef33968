-- Who books and what follows: members, bookings, guests, payments, favourites, reviews.

create type booking_status as enum ('pending', 'confirmed', 'used', 'cancelled', 'refunded');
create type payment_method as enum ('card', 'bank_transfer', 'wallet', 'gift_card');
create type payment_status as enum ('authorised', 'captured', 'failed', 'refunded');

create table members (
  id uuid primary key default gen_random_uuid(),
  email email_address not null unique,
  display_name text not null,
  phone text,
  birth_date date constraint members_birth_date_plausible check (birth_date >= date '1900-01-01'),
  home_city_id integer references cities on delete set null,
  referred_by_id uuid references members on delete set null,
  preferences jsonb not null default '{}',
  marketing_consent boolean not null default false,
  loyalty_points integer not null default 0 constraint members_loyalty_points_not_negative check (loyalty_points >= 0),
  joined_at timestamptz not null default now(),
  constraint members_not_own_referrer check (referred_by_id <> id)
);
comment on table members is 'A customer.';
comment on column members.id is 'The end user: what `$sub` is in permissions.yaml. The row is made at sign-up.';
comment on column members.referred_by_id is 'The member who brought this one.';
comment on column members.preferences is 'Settings of the app, such as {"newsletter": "weekly", "theme": "dark"}.';
comment on constraint members_referred_by_id_fkey on members is '@reverse referrals';
create index members_home_city_id_idx on members (home_city_id);
create index members_referred_by_id_idx on members (referred_by_id);
create index members_joined_at_idx on members (joined_at);

create function new_booking_reference() returns text language sql volatile
  return 'CO-' || upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 10));
comment on function new_booking_reference() is '@hidden';

create table bookings (
  id uuid primary key default gen_random_uuid(),
  reference text not null unique default new_booking_reference(),
  member_id uuid not null references members on delete restrict,
  gift_to_id uuid references members on delete set null,
  offer_id uuid not null references offers on delete restrict,
  slot_id bigint,
  quantity integer not null default 1 constraint bookings_quantity_range check (quantity between 1 and 20),
  unit_price money_amount not null,
  total numeric(12, 2) not null generated always as (unit_price * quantity) stored,
  currency currency_code not null,
  status booking_status not null default 'pending',
  note text,
  booked_at timestamptz not null default now(),
  cancelled_at timestamptz,
  constraint bookings_slot_fkey foreign key (slot_id, offer_id) references offer_slots (id, offer_id) on delete restrict,
  constraint bookings_cancelled_has_date check ((status in ('cancelled', 'refunded')) = (cancelled_at is not null)),
  unique (id, offer_id)
);
comment on table bookings is 'A member takes places in a session of an offer, or a voucher for it.';
comment on column bookings.reference is 'What the guest shows at the door, such as CO-5F0E2B9A41.';
comment on column bookings.gift_to_id is 'The member this booking is a present for.';
comment on column bookings.slot_id is 'The session; empty for a voucher. It always belongs to the offer of the booking.';
comment on column bookings.unit_price is 'The price of the offer at the time of booking.';
comment on column bookings.total is 'unit price x quantity, computed by the database.';
comment on constraint bookings_gift_to_id_fkey on bookings is '@reverse gifts';
comment on constraint bookings_id_offer_id_key on bookings is
  E'What reviews point to, so that a review and its booking are about the same offer.\n@hidden';
create index bookings_member_id_idx on bookings (member_id, booked_at desc);
create index bookings_gift_to_id_idx on bookings (gift_to_id) where gift_to_id is not null;
create index bookings_offer_id_idx on bookings (offer_id, status);
create index bookings_slot_id_idx on bookings (slot_id, offer_id);
create index bookings_booked_at_idx on bookings (booked_at desc, id);

-- Seeds switch this trigger off: they tell of bookings that were made long ago. What it refuses names table and column, so
-- that a caller of the API is told which value it was.
create function check_booking() returns trigger language plpgsql as $$
declare
  slot offer_slots;
  taken bigint;
begin
  if new.unit_price is null or new.currency is null then
    select price, currency into new.unit_price, new.currency from offers where id = new.offer_id;
    if not found then
      raise exception 'There is no such offer.'
        using errcode = 'foreign_key_violation', table = 'bookings', column = 'offer_id';
    end if;
  end if;
  new.cancelled_at := case when new.status in ('cancelled', 'refunded') then coalesce(new.cancelled_at, now()) end;
  if new.slot_id is null or new.cancelled_at is not null or (
    tg_op = 'UPDATE' and old.cancelled_at is null
    and new.slot_id is not distinct from old.slot_id and new.quantity <= old.quantity
  ) then
    return new;
  end if;
  -- The lock makes two people who want the last place wait for each other.
  select * into slot from offer_slots where id = new.slot_id and offer_id = new.offer_id for update;
  if slot.starts_at <= now() or slot.cancelled_at is not null then
    raise exception 'This session has begun or is cancelled.'
      using errcode = 'check_violation', table = 'bookings', column = 'slot_id';
  end if;
  select coalesce(sum(quantity), 0) into taken from bookings
  where slot_id = new.slot_id and id <> new.id and status not in ('cancelled', 'refunded');
  if taken + new.quantity > slot.capacity then
    raise exception 'Only % places are left.', slot.capacity - taken
      using errcode = 'check_violation', table = 'bookings', column = 'quantity';
  end if;
  return new;
end
$$;
comment on function check_booking() is
  'Fills in the price of the offer and the day of a cancellation, and refuses a session that is full or has begun.';
create trigger bookings_check before insert or update on bookings for each row execute function check_booking();

create table booking_guests (
  booking_id uuid not null references bookings on delete cascade,
  position smallint not null constraint booking_guests_position_positive check (position > 0),
  name text not null,
  age smallint constraint booking_guests_age_range check (age between 0 and 130),
  dietary_needs text[] not null default '{}',
  primary key (booking_id, position)
);
comment on table booking_guests is 'A person who comes along on a booking.';

create table payments (
  id uuid primary key default gen_random_uuid(),
  booking_id uuid not null references bookings on delete restrict,
  method payment_method not null,
  status payment_status not null,
  amount money_amount not null,
  currency currency_code not null,
  provider_reference text not null unique,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
);
comment on table payments is 'An attempt to pay for a booking, or money given back.';
comment on column payments.details is 'What the payment provider told us, such as {"brand": "visa", "last4": "4242"}.';
create index payments_booking_id_idx on payments (booking_id);
create index payments_created_at_idx on payments (created_at);

create table favourites (
  member_id uuid not null references members on delete cascade,
  offer_id uuid not null references offers on delete cascade,
  created_at timestamptz not null default now(),
  primary key (member_id, offer_id)
);
comment on table favourites is 'A member keeps an offer for later.';
create index favourites_offer_id_idx on favourites (offer_id);

create table reviews (
  id bigint generated by default as identity primary key,
  offer_id uuid not null references offers on delete cascade,
  booking_id uuid not null unique,
  author_name text not null,
  rating smallint not null constraint reviews_rating_range check (rating between 1 and 5),
  title text,
  body text not null default '',
  reply text,
  created_at timestamptz not null default now(),
  constraint reviews_booking_fkey foreign key (booking_id, offer_id) references bookings (id, offer_id) on delete cascade
);
comment on table reviews is 'What a guest says after the visit: one review a booking at most.';
comment on column reviews.author_name is 'The name shown with the review, not the member''s full name.';
comment on column reviews.reply is 'The answer of the partner.';
create index reviews_offer_id_idx on reviews (offer_id, created_at desc);
