-- How compiled mutations refuse (kapok/query/refusals.py): an error with an SQLSTATE of class KP. Everybody may call it; it
-- touches nothing.
create schema if not exists kapok;
revoke all on schema kapok from public;
grant usage on schema kapok to public;
create or replace function kapok.refuse(state text, detail text) returns text
language plpgsql volatile parallel unsafe set search_path = pg_catalog, pg_temp as $$
begin
    raise exception using errcode = state, message = 'refused', detail = detail;
end
$$;
revoke all on function kapok.refuse(text, text) from public;
grant execute on function kapok.refuse(text, text) to public;
