"""Second factors and passkeys of a tenant's users: TOTP, recovery codes, WebAuthn."""
