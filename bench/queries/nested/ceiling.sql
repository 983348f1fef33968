select coalesce((
  select json_agg(row_to_json(t1))
  from (
    select t0.artist_id::text as "artistId", t0.name, (
      select coalesce(json_agg(row_to_json(t3)), '[]')
      from (
        select t2.album_id::text as "albumId", t2.title, (
          select coalesce(json_agg(row_to_json(t5)), '[]')
          from (
            select t4.track_id::text as "trackId", t4.name, t4.milliseconds
            from {schema}.track t4
            where t4.album_id = t2.album_id
            order by t4.track_id
            limit 12
          ) t5
        ) as "tracks"
        from {schema}.album t2
        where t2.artist_id = t0.artist_id
        order by t2.album_id
        limit 3
      ) t3
    ) as "albums"
    from {schema}.artist t0
    where t0.artist_id >= :from::int4
    order by t0.artist_id
    limit 10
  ) t1
), '[]') as "artists"
