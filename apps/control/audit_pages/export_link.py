"""The way to an export of what a list shows. In: what was asked. Out: the address of the form for exports, filled in as
far as exports know these filters; what they do not know makes the export a wider one.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from apps.audit.browse import Filter
from apps.control.audit_pages.logs import Opened, address, moment


def export_link(log: Opened, wanted: Filter | None) -> dict[str, str]:
    """A link."""
    query = {"tenant": log.tenant.slug} if log.tenant else {"platform": "1"}
    narrower = False
    if wanted is not None:
        lists = {"tables": wanted.tables, "actions": wanted.actions, "actors": (wanted.who,) if wanted.who else ()}
        query |= {name: ",".join(words) for name, words in lists.items() if _can_be_listed(words)}
        query |= {name: moment(at) for name in ("since", "until") if (at := getattr(wanted, name))}
        narrower = any(
            (wanted.ops, wanted.key, wanted.target, wanted.outcomes, wanted.sources, wanted.kinds, wanted.request_id)
        ) or not all(map(_can_be_listed, lists.values()))
    text = "Export what these are part of" if narrower else "Export this"
    return {"url": address(reverse("admin:tenants_auditexport_add"), query), "text": text}


def _can_be_listed(words: Iterable[str]) -> bool:
    """Whether the form for exports, which parts words by commas, can be told of all of them."""
    return all("," not in word and "\n" not in word and word == word.strip() for word in words)
