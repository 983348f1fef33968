"""Pages of entries, older and newer. In: a page of apps.audit.browse and the address it is at. Out: addresses.

apps.audit.browse goes towards older entries only; the way back are the cursors one came by, which the address holds, so
that it also works for a colleague it was sent to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from apps.audit.browse import Page
from apps.control.audit_pages.logs import address

#: So many pages one can go back by "Newer"; before that there is "Newest".
MAX_BACK = 20
_FIRST = "0"


def paging(given: QueryDict, url: str, query: Mapping[str, Any], page: Page) -> dict[str, str]:
    """newest, newer, older: addresses, "" where there is nothing."""
    cursor, back = given.get("cursor", ""), given.getlist("back")[-MAX_BACK:]
    if not cursor:
        back = []
    here = cursor or _FIRST
    newer = {**query, "cursor": "" if back[-1:] == [_FIRST] else "".join(back[-1:]), "back": back[:-1]}
    return {
        "newest": address(url, query) if cursor else "",
        "newer": address(url, newer) if back else "",
        "older": address(url, {**query, "cursor": page.cursor, "back": [*back, here][-MAX_BACK:]})
        if page.cursor
        else "",
    }
