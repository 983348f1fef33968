"""Fields that several serializers share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.tenants.validators import limits_problem
from kapok.tenancy import Limits


def camel(name: str) -> str:
    """`size_bytes` is sizeBytes."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


#: API name -> name in kapok.tenancy.Limits.
LIMIT_NAMES = {camel(name): name for name in Limits.__dataclass_fields__}


class LimitsField(serializers.DictField):
    """A tenant's own limits: `{"depth": 20, "statementMs": 5000}`. What is missing has the default."""

    child = serializers.IntegerField()

    def to_internal_value(self, data: Any) -> dict[str, int]:
        """The limits under the names the database uses. Raises ValidationError for unknown names and bad values."""
        given: dict[str, int] = super().to_internal_value(data)
        unknown = sorted(set(given) - set(LIMIT_NAMES))
        if unknown:
            raise serializers.ValidationError(f"There is no limit {unknown[0]!r}; known are {', '.join(LIMIT_NAMES)}.")
        limits = {LIMIT_NAMES[name]: value for name, value in given.items()}
        problem = limits_problem(limits)
        if problem:
            raise serializers.ValidationError(problem)
        return limits

    def to_representation(self, value: dict[str, int]) -> dict[str, int]:
        """Every limit as it holds, the tenant's own over the defaults."""
        return {api: value.get(name, getattr(Limits(), name)) for api, name in LIMIT_NAMES.items()}


class ConfirmInput(serializers.Serializer[Any]):
    """Typed confirmation: the name of what is to be deleted."""

    confirm = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
