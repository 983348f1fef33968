-- What is computed: figures by offer and by month, fields of rows, searches, and booking.
-- Functions of one value use `return`, which is bound here and now. Those that return offers are plain text, looked up
-- on the search_path of the request: so the planner can merge them into the query, and they follow new columns.

create view offer_stats as
select
  o.id as offer_id,
  coalesce(b.bookings, 0) as bookings,
  coalesce(b.guests, 0) as guests,
  coalesce(b.revenue, 0) as revenue,
  o.currency,
  coalesce(f.favourites, 0) as favourites,
  coalesce(r.reviews, 0) as reviews,
  r.average_rating,
  b.last_booked_at
from offers o
left join (
  select offer_id, count(*) as bookings, sum(quantity) as guests, sum(total) as revenue, max(booked_at) as last_booked_at
  from bookings where status in ('confirmed', 'used') group by offer_id
) b on b.offer_id = o.id
left join (select offer_id, count(*) as favourites from favourites group by offer_id) f on f.offer_id = o.id
left join (
  select offer_id, count(*) as reviews, round(avg(rating), 2) as average_rating from reviews group by offer_id
) r on r.offer_id = o.id;
comment on view offer_stats is
  E'How an offer does: bookings, revenue, favourites, reviews.\n@name offer_stats\n@key (offer_id)\n@references (offer_id) offers (id)';
comment on column offer_stats.revenue is 'Sum of the confirmed and used bookings, in `currency`.';

create materialized view city_monthly_sales as
select
  c.id as city_id,
  date_trunc('month', b.booked_at at time zone c.time_zone)::date as month,
  c.currency,
  count(*) as bookings,
  sum(b.quantity) as guests,
  sum(b.total) as revenue
from bookings b
join offers o on o.id = b.offer_id
join establishments e on e.id = o.establishment_id
join cities c on c.id = e.city_id
where b.status in ('confirmed', 'used')
group by c.id, month;
comment on materialized view city_monthly_sales is
  E'Sales by city and month, as of the last refresh.\n@key (city_id, month)\n@references (city_id) cities (id)';
comment on column city_monthly_sales.month is 'The first day of the month, in the time zone of the city.';
create unique index city_monthly_sales_key on city_monthly_sales (city_id, month);

create function distance_km(from_lat double precision, from_lng double precision, to_lat double precision, to_lng double precision)
returns double precision language sql immutable strict parallel safe
  return 12742 * asin(sqrt(least(1,
    power(sin(radians(to_lat - from_lat) / 2), 2)
    + cos(radians(from_lat)) * cos(radians(to_lat)) * power(sin(radians(to_lng - from_lng) / 2), 2)
  )));
comment on function distance_km is E'Great-circle distance (haversine, mean radius 6371 km).\n@hidden';

create function offers_average_rating(offer offers) returns numeric language sql stable
  return (select round(avg(rating), 2) from reviews where offer_id = (offer).id);
comment on function offers_average_rating is 'Mean of the ratings, 1 to 5; null without reviews.';

create function offers_discount_percent(offer offers) returns integer language sql immutable
  return round(100 * (1 - (offer).price / (offer).original_price));
comment on function offers_discount_percent is 'How much cheaper than the original price, in percent; null when it is not.';

create function offers_similar(offer offers, how_many integer default 5) returns setof offers language sql stable as $$
  select other.* from offers other
  where other.category_id = (offer).category_id and other.id <> (offer).id and other.status = 'published'
  order by abs(other.price - (offer).price), other.id
  limit how_many
$$;
comment on function offers_similar is 'Published offers of the same category, the nearest in price first.';

create function offer_slots_places_left(slot offer_slots) returns integer language sql stable
  return case when (slot).cancelled_at is null then (slot).capacity - (
    select coalesce(sum(quantity), 0) from bookings
    where slot_id = (slot).id and status not in ('cancelled', 'refunded')
  ) else 0 end;
comment on function offer_slots_places_left is 'How many more guests this session takes.';

create function establishments_is_open(establishment establishments, moment timestamptz default now())
returns boolean language sql stable
  return exists (
    select from cities c
    cross join lateral (select moment at time zone c.time_zone) as clock (local_time)
    cross join lateral jsonb_array_elements((establishment).opening_hours -> to_char(clock.local_time, 'dy')) as span (hours)
    where c.id = (establishment).city_id
      and clock.local_time::time >= (span.hours ->> 0)::time
      and clock.local_time::time < (span.hours ->> 1)::time
  );
comment on function establishments_is_open is 'Whether the venue is open at that moment (now, if none is given).';

create function search_offers(term text, city_slug text default null, max_price numeric default null)
returns setof offers language sql stable as $$
  select o.* from offers o
  join establishments e on e.id = o.establishment_id
  join cities c on c.id = e.city_id
  where o.status = 'published'
    and (term = '' or o.search_vector @@ websearch_to_tsquery('english', term))
    and (city_slug is null or c.slug = city_slug)
    and (max_price is null or o.price <= max_price)
  order by ts_rank(o.search_vector, websearch_to_tsquery('english', term)) desc, o.title, o.id
$$;
comment on function search_offers is
  'Published offers for words as typed into a search box ("quoted phrase", -without), the best match first.';

create function nearby_offers(latitude double precision, longitude double precision, radius_km double precision default 5)
returns setof offers language sql stable as $$
  select o.* from offers o
  join establishments e on e.id = o.establishment_id
  where o.status = 'published'
    -- A degree of latitude is 111 km: this bounds the search so that the index on positions is used.
    and e.lat between latitude - radius_km / 111 and latitude + radius_km / 111
    and distance_km(latitude, longitude, e.lat, e.lng) <= radius_km
  order by distance_km(latitude, longitude, e.lat, e.lng), o.id
$$;
comment on function nearby_offers is 'Published offers within a radius, the nearest first.';

create function book_slot(booking_member_id uuid, booking_slot_id bigint, places integer default 1)
returns bookings language plpgsql volatile as $$
declare
  booking bookings;
begin
  insert into bookings (member_id, offer_id, slot_id, quantity)
  select booking_member_id, o.id, s.id, places from offer_slots s
  join offers o on o.id = s.offer_id
  where s.id = booking_slot_id and o.status = 'published'
  returning * into booking;
  if booking.id is null then
    raise exception 'There is no such session, or its offer cannot be booked now.' using errcode = 'check_violation';
  end if;
  return booking;
end
$$;
comment on function book_slot is 'Book places in a session for a member, as the staff do on the telephone.';

create function signed_in_user() returns uuid language sql stable
  return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
comment on function signed_in_user is E'Who acts: the `sub` of the verified token.\n@hidden';

create function book_session(session_id bigint, places integer default 1) returns bookings language sql volatile
  return book_slot(signed_in_user(), session_id, places);
comment on function book_session is 'Book places in a session for yourself; fails when not enough are left.';
