-- Who reads what a project wants recorded: one event, written by the gateway in the transaction of the read, after it.
--
-- how: query; keys (a query that has kept which rows it gives out in kapok.rows_read); mutation. The gateway sets role, actor
-- and request id anew right before it sends this. A project's own SQL runs in the same session and with the same role, but
-- only inside the gateway's other statements, so what is being run tells the two apart: the text is the client's.
-- Everything is qualified, because it runs with the platform's rights. Who may use the schema may name it: the tenant's role
-- and its owner.
create or replace function {schema}.kapok_read(details jsonb, target text, address text, how text) returns void
language plpgsql security definer as $$
declare
    facts pg_catalog.jsonb := details;
    by_whom pg_catalog.text;
begin
    if not pg_catalog.starts_with(session_user::pg_catalog.text, 'g_') or pg_catalog.current_query()
        operator(pg_catalog.<>) 'select {schema}."kapok_read"($1::jsonb,$2::text,$3::text,$4::text)' then
        raise exception 'reads are recorded by Kapok' using errcode = 'insufficient_privilege';
    end if;
    -- A query may not change data. This transaction may, for the record's sake, so that is found out here, and undone.
    if how operator(pg_catalog.<>) 'mutation' and pg_catalog.pg_current_xact_id_if_assigned() is not null then
        raise exception 'a query has changed data' using errcode = 'read_only_sql_transaction';
    end if;
    if how operator(pg_catalog.=) 'keys' then
        facts := facts operator(pg_catalog.||) pg_catalog.current_setting('kapok.rows_read')::pg_catalog.jsonb;
    end if;
    by_whom := pg_catalog.current_setting('kapok.actor');
    -- Keys are called key:<id> in events.
    if pg_catalog.starts_with(by_whom, 'api_key:') then
        by_whom := pg_catalog.substr(by_whom, 5);
    end if;
    insert into {schema}.kapok_event (action, outcome, actor, target, request_id, address, details)
    values (821, 'ok', by_whom, target, pg_catalog.current_setting('kapok.request_id'), address, facts);
end
$$;
