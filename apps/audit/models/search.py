"""Where to look for entries. Made of the log by apps/audit/search_index.py, and can be thrown away and made again.

Nothing here is shown to anybody: what is found is read from the rows, and looked at once more there.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Facet(models.Model):
    """What entries have in common that are many: of changes kind, table, op and source; of events kind, action and
    outcome. There are few of them, so every filter by these becomes a short list of facets."""

    id = models.AutoField(primary_key=True)
    kind = models.TextField()
    table_name = models.TextField()
    op = models.TextField()
    source = models.TextField()
    action = models.IntegerField()
    outcome = models.TextField()

    class Meta:
        db_table = "kapok_facet"
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "action", "outcome", "table_name", "op", "source"), name="audit_facet_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.action or self.table_name} {self.op}{self.outcome}"


class Search(models.Model):
    """An entry, by 64-bit hashes (apps/audit/search_terms.py); None for nothing, and for what was erased.

    who: the actor. object: the row that was changed, or an event's target. moved_to: the key that an update gave the
    row instead. request: the request's id. Every index ends in (at, index): pages go backwards in it.
    """

    index = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    who = models.BigIntegerField(null=True)
    object = models.BigIntegerField(null=True)
    moved_to = models.BigIntegerField(null=True)
    request = models.BigIntegerField(null=True)
    facet = models.IntegerField()

    class Meta:
        db_table = "kapok_search"
        indexes = (
            models.Index(fields=("facet", "at", "index"), name="audit_search_facet"),
            models.Index(
                fields=("who", "facet", "at", "index"), name="audit_search_who", condition=Q(who__isnull=False)
            ),
            models.Index(
                fields=("object", "facet", "at", "index"), name="audit_search_object", condition=Q(object__isnull=False)
            ),
            models.Index(
                fields=("request", "at", "index"), name="audit_search_request", condition=Q(request__isnull=False)
            ),
            # Rows seldom get another key: both are small.
            models.Index(
                fields=("moved_to", "at", "index"), name="audit_search_came", condition=Q(moved_to__isnull=False)
            ),
            models.Index(
                fields=("object", "at", "index"), name="audit_search_went", condition=Q(moved_to__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return str(self.index)
