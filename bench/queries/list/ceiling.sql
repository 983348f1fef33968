select coalesce((
  select json_agg(row_to_json(t1))
  from (
    select t0.track_id::text as "trackId", t0.name, t0.composer, t0.milliseconds, t0.bytes,
      t0.unit_price::text as "unitPrice"
    from {schema}.track t0
    where t0.genre_id = :genre::int4 and t0.milliseconds >= :minimum::int4
    order by t0.milliseconds desc, t0.track_id
    limit 20
  ) t1
), '[]') as "tracks"
