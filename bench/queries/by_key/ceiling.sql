select (
  select row_to_json(t1)
  from (
    select t0.track_id::text as "trackId", t0.name, t0.composer, t0.milliseconds, t0.bytes,
      t0.unit_price::text as "unitPrice"
    from {schema}.track t0
    where t0.track_id = :id::int4
  ) t1
) as "track"
