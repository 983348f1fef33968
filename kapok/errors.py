"""The one error registry.

In: a registered code and the facts of the case. Out: a `KapokError` whose every public word is safe to send to a
caller: a stable UPPER_SNAKE code, its KP number, a status and a sentence to act on. The cause is chained
(`raise ... from exc`) for the log and never sent.

Numbers: KP1xx tenant, 2xx authentication, 3xx model, 4xx document and plan, 5xx database, 6xx control, 7xx quota.
A retired number stays reserved. Every code has a line in docs/errors.md (tests/arch proves it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the registry: number, HTTP status and the default message and hint."""

    code: str
    number: str
    status: int
    message: str
    hint: str = ""


_KINDS = (
    # --- tenant
    ErrorKind(
        "TENANT_NOT_FOUND", "KP101", 404, "No tenant answers at this address.", "Check the host name or /t/<slug>/."
    ),
    ErrorKind("TENANT_SUSPENDED", "KP102", 403, "This tenant is suspended.", "Ask the operator to resume it."),
    ErrorKind("TENANT_MISMATCH", "KP103", 403, "The address and the credentials name different tenants."),
    ErrorKind("TENANT_NOT_READY", "KP104", 503, "This tenant is still being set up.", "Try again in a few seconds."),
    ErrorKind("INVALID_SLUG", "KP105", 422, "This is not a valid slug."),
    ErrorKind("INVALID_HOST", "KP106", 400, "The Host header is not a valid host name."),
    ErrorKind(
        "UNKNOWN_HOST",
        "KP107",
        421,
        "The control plane does not answer at this host name.",
        "If it should, add the name to KAPOK_ALLOWED_HOSTS and start Kapok again.",
    ),
    # --- authentication
    ErrorKind(
        "UNAUTHENTICATED", "KP201", 401, "No valid credentials were given.", "Send an apikey header or a Bearer token."
    ),
    ErrorKind("FORBIDDEN", "KP202", 403, "These credentials do not allow this."),
    ErrorKind("KEY_REVOKED", "KP203", 401, "This API key was revoked or has expired."),
    # Accounts and sessions of end users are KP204 to KP220.
    ErrorKind("INVALID_CREDENTIALS", "KP204", 401, "The e-mail address or the password is not right."),
    ErrorKind("ACCOUNT_DISABLED", "KP205", 403, "This account is disabled.", "Ask whoever runs the application."),
    ErrorKind(
        "TOKEN_INVALID", "KP206", 400, "This link was used already, has expired or is not right.", "Ask for a new one."
    ),
    ErrorKind("SESSION_ENDED", "KP207", 401, "This session has ended.", "Sign in again."),
    ErrorKind(
        "REFRESH_TOKEN_REUSED",
        "KP208",
        401,
        "This refresh token was used before, so its session has been ended.",
        "Sign in again. A client must use each refresh token once and keep the newest.",
    ),
    ErrorKind(
        "REFRESH_TOKEN_ROTATED",
        "KP209",
        409,
        "This refresh token was used a moment ago.",
        "Use the tokens that were given out for it.",
    ),
    ErrorKind("SIGN_UP_CLOSED", "KP210", 403, "This project does not let people sign up like this."),
    ErrorKind("SIGN_IN_REFUSED", "KP211", 403, "The project refuses this sign-in."),
    ErrorKind(
        "HOOK_FAILED", "KP212", 503, "The project's sign-in function failed.", "Tell whoever runs the application."
    ),
    ErrorKind("PASSWORD_UNFIT", "KP213", 422, "This password cannot be used."),
    ErrorKind("MAIL_UNAVAILABLE", "KP214", 503, "Mails cannot be sent right now.", "Try again in a few minutes."),
    # Second factors and social sign-in are KP221 to KP229.
    ErrorKind("FACTOR_REFUSED", "KP221", 403, "This second factor was not accepted.", "Try again with a new code."),
    ErrorKind(
        "REAUTHENTICATION_REQUIRED", "KP223", 403, "This needs a fresh sign-in.", "Sign in again, then try once more."
    ),
    ErrorKind("PROVIDER_REFUSED", "KP224", 403, "The identity provider's answer was not accepted.", "Start again."),
    ErrorKind(
        "PROVIDER_UNAVAILABLE", "KP225", 503, "The identity provider cannot be reached.", "Try again in a moment."
    ),
    ErrorKind(
        "REDIRECT_NOT_ALLOWED",
        "KP226",
        400,
        "This address is not one of the project's redirect addresses.",
        "Add it to the project's auth settings, exactly as it is sent.",
    ),
    ErrorKind(
        "ACCOUNT_EXISTS",
        "KP227",
        409,
        "There is an account with this e-mail address already.",
        "Sign in to it, then connect the provider.",
    ),
    # Operators' second step.
    ErrorKind(
        "TWO_STEP_REQUIRED",
        "KP228",
        403,
        "This server asks operators for two-step sign-in, which you have not set up.",
        "Set it up at /admin/two-step/, or use a control API token.",
    ),
    # --- model
    ErrorKind(
        "MODEL_UNAVAILABLE", "KP301", 503, "The tenant's tables could not be read.", "Try again in a few seconds."
    ),
    # --- document and plan
    ErrorKind("BAD_REQUEST", "KP400", 400, "The request could not be understood."),
    ErrorKind("GRAPHQL_PARSE_FAILED", "KP401", 400, "The document is not valid GraphQL."),
    ErrorKind("GRAPHQL_VALIDATION_FAILED", "KP402", 400, "The document does not fit the schema."),
    ErrorKind("BAD_USER_INPUT", "KP403", 400, "A value does not fit its type."),
    ErrorKind("OPERATION_RESOLUTION_FAILURE", "KP404", 400, "The operation to run could not be determined."),
    ErrorKind("PERSISTED_QUERY_NOT_FOUND", "KP405", 200, "PersistedQueryNotFound"),
    ErrorKind("PERSISTED_QUERY_HASH_MISMATCH", "KP406", 400, "The document's hash is not the one that was sent."),
    ErrorKind("DOCUMENT_NOT_TRUSTED", "KP407", 403, "Only documents registered for this project may be run."),
    ErrorKind("QUERY_TOO_COMPLEX", "KP408", 400, "The query is larger than this tenant allows."),
    ErrorKind("DOCUMENT_TOO_LARGE", "KP409", 413, "The request body is too large."),
    ErrorKind("METHOD_NOT_ALLOWED", "KP410", 405, "This method is not allowed here."),
    ErrorKind("UNSUPPORTED_MEDIA_TYPE", "KP411", 415, "Send the request as application/json."),
    ErrorKind("NOT_ACCEPTABLE", "KP412", 406, "None of the accepted media types can be produced."),
    ErrorKind("NOT_FOUND", "KP413", 404, "There is nothing at this address."),
    ErrorKind("BAD_CURSOR", "KP414", 400, "The cursor does not belong to this connection or its order."),
    ErrorKind("INVALID_REQUEST", "KP415", 400, "The request's parameters are not of the right form."),
    ErrorKind(
        "HEAD_TOO_LARGE", "KP416", 431, "The request line and headers are too large.", "Send fewer or shorter ones."
    ),
    ErrorKind("REQUEST_TIMEOUT", "KP417", 408, "The request took too long to arrive.", "Send it again, in one go."),
    # --- database
    ErrorKind("DATABASE_UNAVAILABLE", "KP501", 503, "The database cannot be reached.", "Try again in a few seconds."),
    ErrorKind("TIMEOUT", "KP502", 504, "The statement took longer than this tenant allows."),
    ErrorKind("DATABASE_ERROR", "KP503", 500, "The database refused the operation."),
    ErrorKind("CONFLICT", "KP504", 409, "The change conflicts with existing data."),
    ErrorKind("OVERLOADED", "KP505", 503, "Too many requests are waiting for the database.", "Try again in a moment."),
    ErrorKind(
        "WRITE_OUTCOME_UNKNOWN",
        "KP506",
        503,
        "The connection to the database was lost; whether the change was made is not known.",
        "Read the data before trying again.",
    ),
    ErrorKind(
        "SCHEMA_CHANGING", "KP507", 503, "The tables are being changed at this moment.", "Try again in a moment."
    ),
    ErrorKind(
        "READ_NOT_RECORDED",
        "KP508",
        503,
        "This has to be recorded and could not be, so nothing was done and nothing is given out.",
        "Try again in a moment.",
    ),
    ErrorKind("INTERNAL_SERVER_ERROR", "KP599", 500, "Something went wrong on our side.", "Report the request id."),
    # --- control
    ErrorKind("VALIDATION_FAILED", "KP601", 422, "The input is not valid."),
    ErrorKind("ALREADY_EXISTS", "KP602", 409, "Something with this name exists already."),
    ErrorKind("INVALID_STATE", "KP603", 409, "This is not possible in the current state."),
    ErrorKind("CONFIRMATION_REQUIRED", "KP604", 422, "Confirm by typing the name."),
    ErrorKind("MIGRATION_FAILED", "KP605", 422, "A migration failed."),
    ErrorKind("MIGRATION_CHANGED", "KP606", 409, "A migration that was applied has been changed."),
    ErrorKind("PROVISIONING_FAILED", "KP607", 500, "The tenant could not be set up."),
    ErrorKind("STATE_DIR_IN_USE", "KP608", 409, "Another Kapok runs on this state directory."),
    ErrorKind("STACK_FAILED", "KP609", 500, "An embedded server could not be started."),
    ErrorKind("CONFIGURATION_INVALID", "KP610", 500, "A setting is missing or not valid."),
    ErrorKind("SERVER_UNREACHABLE", "KP611", 503, "The Kapok server cannot be reached."),
    ErrorKind("PROJECT_INVALID", "KP612", 422, "The project's files are not valid."),
    # KP613 is reserved: nothing raises for Redis being away, jobs wait.
    ErrorKind("SEED_FAILED", "KP614", 422, "The sample data could not be loaded; nothing was changed."),
    ErrorKind("PERMISSIONS_WIDENED", "KP615", 409, "The permissions allow more than before."),
    ErrorKind("PERMISSION_TESTS_FAILED", "KP616", 422, "The permissions do not do what their tests expect."),
    ErrorKind("BUNDLE_UNREADABLE", "KP617", 422, "The file cannot be read as an audit bundle."),
    ErrorKind(
        "AUDIT_NOT_SEALED",
        "KP618",
        409,
        "Nothing of this log has been sealed yet, so nothing of it can be proven.",
        "Look whether the sealer runs (python -m config.sealer), then ask again.",
    ),
    ErrorKind("AUDIT_LOG_DAMAGED", "KP619", 409, "The log's proofs cannot be made any more.", "Compare the anchors."),
    ErrorKind(
        "EXPORTS_OFF", "KP620", 503, "This server keeps no exports.", "Set KAPOK_EXPORT_DIR for web and worker alike."
    ),
    ErrorKind(
        "ANCHOR_AWAY",
        "KP621",
        503,
        "An anchor cannot be read, so the log was not checked.",
        "See whether the workers can read each of KAPOK_AUDIT_ANCHORS, then check again.",
    ),
    # --- quota
    ErrorKind("RATE_LIMITED", "KP701", 429, "Too many failed attempts.", "Wait a minute, then try again."),
    ErrorKind("TOO_MANY_CONNECTIONS", "KP702", 503, "There are too many connections.", "Close some, then try again."),
)

REGISTRY: Mapping[str, ErrorKind] = {kind.code: kind for kind in _KINDS}


class KapokError(Exception):
    """An error a caller may see.

    code: a key of REGISTRY. message: replaces the default sentence. details: JSON-ready facts. hint: what to do next.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        hint: str | None = None,
        status: int | None = None,
    ) -> None:
        kind = REGISTRY[code]
        self.code = kind.code
        self.number = kind.number
        self.status = kind.status if status is None else status
        self.message = message or kind.message
        self.details: dict[str, Any] = dict(details or {})
        self.hint = kind.hint if hint is None else hint
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The control API's error object: {code, number, message, details, hint}."""
        return {
            "code": self.code,
            "number": self.number,
            "message": self.message,
            "details": self.details,
            "hint": self.hint,
        }
