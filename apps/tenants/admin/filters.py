"""List filters that name only what the operator may see."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from apps.tenants.admin.scope import rights_of


class ProjectFilter(RelatedDropdownFilter):
    """Projects the operator may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        """(id, slug) of each."""
        rights = rights_of(request)
        allowed = {} if rights.everything else {"pk__in": rights.viewable}
        choices: list[tuple[Any, str]] = field.get_choices(
            include_blank=False, ordering=("slug",), limit_choices_to=allowed
        )
        return choices
