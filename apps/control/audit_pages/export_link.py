"""The way to an export of what a list shows. In: what was asked. Out: the address of the form for exports, filled in as
far as exports know these filters; what they do not know makes the export a wider one.
"""

from __future__ import annotations

from django.urls import reverse

from apps.audit.browse import Filter
from apps.control.audit_pages.logs import Opened, address, moment


def export_link(log: Opened, wanted: Filter | None) -> dict[str, str]:
    """A link."""
    query = {"tenant": log.tenant.slug} if log.tenant else {"platform": "1"}
    narrower = False
    if wanted is not None:
        query |= {"tables": ",".join(wanted.tables), "actions": ",".join(wanted.actions), "actors": wanted.who}
        query |= {name: moment(at) for name in ("since", "until") if (at := getattr(wanted, name))}
        narrower = any(
            (wanted.ops, wanted.key, wanted.target, wanted.outcomes, wanted.sources, wanted.kinds, wanted.request_id)
        )
    text = "Export what these are part of" if narrower else "Export this"
    return {"url": address(reverse("admin:tenants_auditexport_add"), query), "text": text}
