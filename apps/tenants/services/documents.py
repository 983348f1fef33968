"""Trusted documents that are trusted no longer."""

from __future__ import annotations

from django.db import transaction

from apps.tenants.acting import Actor
from apps.tenants.models import TrustedDocument
from apps.tenants.trail import record_on_platform, target_of


@transaction.atomic
def do_remove_document(document: TrustedDocument, *, acting: Actor) -> None:
    """A project that runs trusted documents only refuses it from now on."""
    project = document.project
    document.delete()
    record_on_platform(
        "document.removed", target_of(project), acting=acting, project=project.slug, sha256=document.sha256
    )
