"""Seeds that wait for their job, or are being run."""

from __future__ import annotations

from django.db import models

from apps.tenants.models.jobs import Operation


class Seed(models.Model):
    """What one job is to run: [[name, SQL], ...]. Gone as soon as the job has ended, because it may hold anything.

    transaction: the number of the one it runs in, "" before; Postgres says of it whether it was committed.
    """

    operation = models.OneToOneField(Operation, primary_key=True, on_delete=models.CASCADE, related_name="seed")
    files = models.JSONField(default=list)
    transaction = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"seed of {self.operation_id}"
