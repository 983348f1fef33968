"""The tables of a tenant's end users, in the tenant's schema. One topic a file."""

from apps.identity.models.external import Identity
from apps.identity.models.factors import Factor, FactorKind, RecoveryCode
from apps.identity.models.one_time import OneTimeToken
from apps.identity.models.sessions import RefreshToken, Session
from apps.identity.models.users import User

__all__ = ["Factor", "FactorKind", "Identity", "OneTimeToken", "RecoveryCode", "RefreshToken", "Session", "User"]
