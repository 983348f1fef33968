"""Every act that is recorded, with a number, a name and what may be said of it.

In: an action's name. Out: its entry. Numbers stand in sealed logs for years, so they are never used for anything else,
not even after an action is gone. Groups: 1xx projects, 2xx tenants, 3xx keys and domains, 4xx migrations, permissions
and jobs, 5xx operators, 6xx end users, 7xx tokens, signing keys and issuers, 8xx access to data, 9xx the log itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class UnknownActionError(Exception):
    """An action, or a detail of one, that the registry does not have: a mistake in the code that records it."""


@dataclass(frozen=True, slots=True)
class Action:
    """number: for ever. name: `subject.verb`. what: a sentence for people. details: the names of what may be said of an
    act, beside who, what, when and from where; never a secret."""

    number: int
    name: str
    what: str
    details: frozenset[str] = frozenset()


def _action(number: int, name: str, what: str, details: str = "") -> Action:
    return Action(number, name, what, frozenset(details.split()))


_PROJECTS = (
    _action(101, "project.created", "A project was created.", "slug"),
    _action(102, "project.updated", "Settings of a project were changed.", "slug changed"),
    _action(103, "project.deleted", "A project was deleted.", "slug"),
    _action(111, "documents.registered", "GraphQL documents became trusted ones.", "project count sha256"),
    _action(112, "document.removed", "A GraphQL document is trusted no longer.", "project sha256"),
)
_TENANTS = (
    _action(201, "tenant.created", "A tenant was recorded and is being set up.", "slug project operation"),
    _action(202, "tenant.updated", "A tenant's name or limits were changed.", "slug changed name limits"),
    _action(203, "tenant.suspended", "A tenant answers no requests until it is resumed.", "slug reason"),
    _action(204, "tenant.resumed", "A suspended tenant answers requests again.", "slug"),
    _action(205, "tenant.deletion_requested", "A tenant stopped answering and is being deleted.", "slug operation"),
    _action(
        206,
        "tenant.deleted",
        "A tenant's schema, roles and records are gone. checkpoint: the last one of its log.",
        "slug checkpoint",
    ),
    _action(207, "tenant.activated", "A tenant was set up and answers requests.", "slug"),
    _action(208, "tenant.setup_failed", "A tenant could not be set up; what there was of it was removed.", "slug"),
    _action(209, "tenant.seeded", "SQL of an operator ran as the tenant's owner.", "slug operation sha256 characters"),
    _action(
        210,
        "tenant.seed_requested",
        "An operator had SQL run as the tenant's owner.",
        "slug operation sha256 characters",
    ),
)
_ACCESS_TO_TENANTS = (
    _action(301, "key.created", "An API key was made.", "tenant key name kind role scopes expiresAt"),
    _action(302, "key.revoked", "An API key is refused from now on.", "tenant key name"),
    _action(311, "domain.added", "A tenant answers at a further host name.", "tenant domain primary"),
    _action(312, "domain.removed", "A tenant no longer answers at a host name.", "tenant domain"),
)
_OPERATIONS = (
    _action(401, "migrations.uploaded", "A project's SQL migrations were changed.", "project added removed"),
    _action(402, "project.migration_requested", "All tenants of a project are to be migrated.", "project operation"),
    _action(403, "tenant.migration_requested", "A tenant is to be migrated.", "tenant operation"),
    _action(411, "permissions.set", "There is a new version of who may do what.", "owner version note sha256"),
    _action(421, "operation.retried", "A job that had failed was started again.", "operation kind"),
    _action(422, "upgrade.requested", "Kapok's own tables in all tenants are to be brought up to date.", "operation"),
)
_OPERATORS = (
    _action(501, "operator.signed_in", "An operator signed in."),
    _action(502, "operator.sign_in_refused", "Somebody did not sign in as an operator.", "reason count"),
    _action(503, "operator.challenged", "An operator gave the right password and was asked for a code."),
    _action(511, "control_token.created", "A token for the control API was made.", "token name operator expiresAt"),
    _action(512, "control_token.revoked", "A token for the control API is refused from now on.", "token name"),
    _action(513, "control_token.used", "A token for the control API was used; once an hour and address.", "token"),
    _action(514, "control_token.refused", "A token for the control API was refused.", "count"),
    _action(521, "operator.created", "A person may sign in to the control plane.", "email superuser staff"),
    _action(522, "operator.changed", "What an operator is or may do everywhere was changed.", "email changed"),
    _action(523, "operator.deleted", "An operator was deleted.", "email"),
    _action(524, "group.created", "A group of operators was made.", "name"),
    _action(525, "group.changed", "A group's name or permissions were changed.", "name changed"),
    _action(526, "group.deleted", "A group of operators was deleted.", "name"),
    _action(531, "rights.set", "What an operator or a group may do in a project was changed.", "project rights"),
    _action(541, "operator.two_step_enrolled", "An operator needs a code besides the password from now on."),
    _action(542, "operator.two_step_ended", "An operator turned two-step sign-in off."),
    _action(543, "operator.two_step_reset", "Somebody else's two-step sign-in and sessions were ended.", "email"),
    _action(544, "operator.recovery_codes_made", "An operator made new recovery codes."),
    _action(545, "operator.recovery_code_used", "A recovery code was given in place of an app's.", "left"),
    _action(546, "operator.two_step_refused", "A signed-in operator gave a wrong password or code.", "reason count"),
)
_END_USERS = (
    _action(601, "user.created", "An account was made.", "method email roles anonymous"),
    _action(602, "user.updated", "An operator changed a user's roles or metadata.", "changed roles"),
    _action(603, "user.disabled", "A user is signed out and cannot sign in."),
    _action(604, "user.enabled", "A user can sign in again."),
    _action(605, "user.deleted", "An account was deleted.", "email"),
    _action(606, "user.factors_reset", "An operator removed a user's second factors."),
    _action(607, "user.sessions_revoked", "An operator signed a user out everywhere."),
    _action(608, "user.session_revoked", "An operator ended one of a user's sessions.", "session"),
    _action(609, "user.invited", "A mail invites a person to the account made for it.", "email"),
    _action(610, "user.sign_up_requested", "A mail asks whether somebody wants an account.", "email"),
    _action(611, "user.password_reset_requested", "A mail with a link to a new password was asked for.", "email"),
    _action(612, "user.magic_link_requested", "A mail with a link that signs in was asked for.", "email"),
    _action(613, "user.email_change_requested", "A mail asks whether an address is a user's.", "email"),
    _action(614, "user.email_changed", "A user's address was changed.", "before after"),
    _action(615, "user.password_changed", "A user's password was changed.", "by"),
    _action(616, "user.metadata_changed", "A user changed what it says of itself."),
    _action(
        617,
        "user.reclaimed",
        "Whoever owns an address that had never been verified took the account over; what was set up there is gone.",
    ),
    _action(621, "user.signed_in", "A user signed in.", "session methods level"),
    _action(622, "user.sign_in_refused", "Somebody did not sign in.", "reason method count"),
    _action(623, "user.challenged", "A user gave a first proof and was asked for a second.", "method"),
    _action(631, "session.refreshed", "A session got new tokens.", "session"),
    _action(632, "session.ended", "A session ended.", "session reason"),
    _action(633, "sessions.ended", "A user's sessions ended.", "count reason"),
    _action(641, "factor.begun", "A user began to add an authenticator app.", "factor"),
    _action(642, "factor.added", "A user added a second factor.", "factor kind"),
    _action(643, "factor.removed", "A user removed a second factor.", "factor kind"),
    _action(644, "factor.codes_made", "A user made new recovery codes."),
    _action(651, "identity.connected", "A user can sign in at a provider.", "identity provider"),
    _action(652, "identity.disconnected", "A user can no longer sign in at a provider.", "identity provider"),
    _action(653, "identity.used", "A user proved at a provider who it is.", "identity provider"),
)
_TRUST = (
    _action(701, "signing_key.rotated", "A tenant has another key to sign tokens with.", "tenant kid atOnce"),
    _action(721, "issuer.trusted", "Tokens of an issuer outside are believed.", "project issuer audience enabled"),
    _action(722, "issuer.distrusted", "Tokens of an issuer outside are believed no longer.", "project issuer"),
    _action(
        731,
        "provider.set",
        "Users may sign in at an identity provider.",
        "project name issuer clientId secretChanged enabled linksAccounts",
    ),
    _action(732, "provider.removed", "Nobody signs in at an identity provider any more.", "project name issuer"),
)
_ACCESS_TO_DATA = (
    _action(801, "key.used", "An API key was used; once an hour and address."),
    _action(802, "key.refused", "An API key was refused.", "reason count"),
    _action(803, "token.refused", "A user's access token was refused.", "reason count"),
    _action(811, "request.refused", "The permissions refused a request.", "role reason count"),
    _action(
        821,
        "data.read",
        "Rows of tables whose reads are recorded (audit.yaml) were looked at.",
        "tables role operation document rows keys trial",
    ),
)
_THE_LOG = (
    _action(
        901,
        "audit.key_rotated",
        "Checkpoints are signed by another key from now on.",
        "newKeyId newPublicKey oldKeyId lost note",
    ),
    _action(902, "audit.erased", "Private values were erased for good.", "reason entries values table paths"),
    _action(903, "audit.check_failed", "The log is not what its checkpoints say.", "problem index"),
    _action(904, "audit.sealing_refused", "The log could not be sealed as it is.", "problem size"),
    _action(
        905, "audit.exported", "An auditor took away a part of the log.", "bundle first last entries filters sha256"
    ),
    _action(906, "audit.settings_changed", "What the change log keeps was changed.", "project version sha256"),
    _action(907, "audit.expired", "Records older than their time were removed.", "table before rows"),
    _action(
        908,
        "audit.export_requested",
        "An auditor asked for a part of the log.",
        "bundle operation profile since until filters",
    ),
    _action(909, "audit.export_deleted", "The file of an export was deleted; what it was stays on record.", "bundle"),
    _action(
        910,
        "audit.begun_anew",
        "The log could not go on, and was begun anew under another name.",
        "reason formerOrigin formerSize checkpoint",
    ),
    _action(911, "audit.erasure_requested", "Somebody asked for values to be erased for good.", "operation reason"),
    _action(912, "audit.viewed", "An auditor looked at the log; the same look once an hour.", "what filters"),
    _action(913, "audit.alert_raised", "Something is wrong with the log.", "kind log problem"),
    _action(914, "audit.alert_resolved", "What was wrong with the log is so no more.", "kind log"),
    _action(915, "audit.alert_acknowledged", "Somebody looks after an alert.", "kind log note"),
    _action(916, "audit.check_requested", "Somebody had the log checked at once.", "operation"),
    _action(917, "audit.manifest_signed", "The sealer signed the manifest of a bundle.", "sha256 first last"),
    _action(999, "audit.overflow", "Refusals so many that they were counted only.", "count"),
)

_ALL = (
    *_PROJECTS, *_TENANTS, *_ACCESS_TO_TENANTS, *_OPERATIONS, *_OPERATORS, *_END_USERS, *_TRUST, *_ACCESS_TO_DATA,
    *_THE_LOG,
)  # fmt: skip

#: Every action by its name.
ACTIONS: Mapping[str, Action] = {action.name: action for action in _ALL}
#: Every action by its number.
BY_NUMBER: Mapping[int, Action] = {action.number: action for action in _ALL}


def action_of(name: str, details: Mapping[str, object]) -> Action:
    """The action of this name, if it may have these details. Raises UnknownActionError."""
    action = ACTIONS.get(name)
    if action is None:
        raise UnknownActionError(f"there is no action {name!r} in apps/audit/actions.py")
    unknown = sorted(set(details) - action.details)
    if unknown:
        raise UnknownActionError(f"{name} has no detail {unknown[0]!r} in apps/audit/actions.py")
    return action
