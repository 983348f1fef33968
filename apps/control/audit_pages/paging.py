"""Pages of entries, older and newer. In: a page of apps.audit.browse and the address it is at. Out: addresses.

apps.audit.browse goes towards older entries only; the way back are the cursors one came by, which the address holds, so
that it also works for a colleague it was sent to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict

from apps.audit.browse import Page
from apps.control.audit_pages.logs import address
from kapok.errors import KapokError

#: So many pages one can go back by "Newer"; before that there is "Newest".
MAX_BACK = 20
#: Entries of a page whose rows are huge.
FEW = 5
_FIRST = "0"


def page_in_time(find: Callable[..., Page], *what: Any, size: int, cursor: str) -> Page:
    """A page; where its rows are so large that it takes too long, one of a few rows. Raises what find raises."""
    try:
        return find(*what, size=size, cursor=cursor)
    except KapokError as error:
        if error.code != "TIMEOUT":
            raise
    return find(*what, size=FEW, cursor=cursor)


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
