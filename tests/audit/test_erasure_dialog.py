"""Erasing from the admin: the dialog counts first, erases only when the box is ticked, and only for managers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.tenants.models import Operation
from tests.audit.auditing import Auditing, owner
from tests.tenant_database import real_database

__all__ = ["real_database"]

ADA = {"table": "authors", "key": '{"id": 1}', "reason": "GDPR 17", "confirm": "acme", "_form_submitted": "on"}


@pytest.fixture
def auditing(real_database: None, tmp_path: Path) -> Auditing:
    made = Auditing(tmp_path)
    for person in made.people.values():
        person.is_staff = True
        person.save(update_fields=["is_staff"])
    with owner(made.acme) as session:
        session.execute("update authors set name = 'Ada Byron' where id = 1")
    made.seal(made.acme)
    return made


def submit(auditing: Auditing, who: str, **changed: str) -> Any:
    client = Client()
    client.force_login(auditing.people[who])
    return client.post(reverse("admin:tenants_tenant_erase_data", args=[auditing.acme.pk]), {**ADA, **changed})


def test_it_counts_first_and_erases_when_the_box_is_ticked(auditing: Auditing) -> None:
    counted = submit(auditing, "manager")
    assert "values of 2 entries would be erased" in counted.content.decode()
    assert not Operation.objects.exists()
    done = submit(auditing, "manager", sure="on")
    operation = Operation.objects.get()
    assert (done.status_code, operation.kind) == (302, "audit_erasure")
    assert done["location"] == reverse("admin:tenants_operation_change", args=[operation.pk])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"key": "id=1"}, "This is not a key as JSON"),
        ({"key": "[1]"}, "This is not a key as JSON"),
        ({"table": ""}, "Name a table"),
        ({"confirm": "globex"}, "This is not acme."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_a_mistake_is_said_and_nothing_erased(auditing: Auditing, changed: dict[str, str], said: str) -> None:
    assert said in submit(auditing, "manager", sure="on", **changed).content.decode()
    assert not Operation.objects.exists()


@pytest.mark.parametrize("who", ["stranger", "reader", "auditor", "platform_auditor"])
def test_only_managers_erase_or_count(auditing: Auditing, who: str) -> None:
    for sure in ({}, {"sure": "on"}):
        answer = submit(auditing, who, **sure)
        assert answer.status_code in (302, 403, 404) and b"would be erased" not in answer.content
    assert not Operation.objects.exists()
