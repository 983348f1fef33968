-- Who signs in, and what they are here: Kapok calls kapok_auth_hook when an end user is made and for each of their tokens.

create function kapok_auth_hook(event jsonb) returns jsonb language plpgsql volatile as $$
declare
  who jsonb := event -> 'user';
  who_id uuid := (who ->> 'id')::uuid;
  address text := lower(who ->> 'email');
begin
  -- An anonymous user has no address and becomes a member with the first token after giving one.
  if address is not null then
    if exists (select from members where email = address and id <> who_id) then
      return jsonb_build_object('error', 'There is a member with this e-mail address already.');
    end if;
    insert into members as known (id, email, display_name)
    values (who_id, address, coalesce(nullif(trim(who #>> '{metadata,displayName}'), ''), split_part(address, '@', 1)))
    -- Addresses are changed and verified at /auth/v1; the member's row follows.
    on conflict (id) do update set email = excluded.email where known.email <> excluded.email;
  end if;
  if event ->> 'type' = 'token.issued' and exists (
    select from managers m join partners p on p.id = m.partner_id where m.user_id = who_id and p.status <> 'suspended'
  ) then
    -- The first role is the one a request has that names no other.
    return jsonb_build_object('roles', '["partner", "member"]'::jsonb || ((who -> 'roles') - 'partner' - 'member'));
  end if;
  return null;
end
$$;
comment on function kapok_auth_hook is
  E'Makes the row of `members` at sign-up, and lets those who work for a partner act for it.\n@hidden';
