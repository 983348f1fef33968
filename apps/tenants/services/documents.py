"""Trusted documents that are trusted no longer."""

from __future__ import annotations

from django.db import transaction

from apps.tenants.acting import Actor
from apps.tenants.models import TrustedDocument


@transaction.atomic
def do_remove_document(document: TrustedDocument, *, acting: Actor) -> None:
    """A project that runs trusted documents only refuses it from now on."""
    document.delete()
