"""The Merkle log of a schema: entries, tiles of hashes, signed checkpoints, and how far sealing has come."""

from __future__ import annotations

from django.db import models

from apps.audit.fields import XidField


class EntryKind(models.TextChoices):
    """What an entry tells of: a row of kapok_change or of kapok_event."""

    CHANGE = "change"
    EVENT = "event"


class Entry(models.Model):
    """One leaf. kind, position, xid and at: the row it was made of. seed: 32 bytes that every private value's salt
    comes from; None once something was erased: then salts holds the salts that are left ({path: hex}) and erased the
    digests of what is gone ({path: hex})."""

    index = models.BigIntegerField(primary_key=True)
    kind = models.TextField(choices=EntryKind.choices)
    position = models.BigIntegerField()
    xid = XidField()
    at = models.DateTimeField()
    leaf_hash = models.BinaryField()
    seed = models.BinaryField(null=True)
    salts = models.JSONField(null=True)
    erased = models.JSONField(null=True)

    class Meta:
        db_table = "kapok_entry"
        ordering = ("index",)
        verbose_name_plural = "entries"
        constraints = (models.UniqueConstraint(fields=("kind", "position"), name="audit_entry_once"),)

    def __str__(self) -> str:
        return f"{self.index}: {self.kind} {self.position}"


class Tile(models.Model):
    """At most 256 hashes of 32 bytes, side by side (C2SP tlog-tiles). level 0 holds leaf hashes."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        db_table = "kapok_tile"

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class Checkpoint(models.Model):
    """The log's state at a size, signed. note: C2SP signed-note text. key_id: of the key that signed it. time_stamp: an
    authority's answer over the note (RFC 3161), where it was asked."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.DateTimeField()
    note = models.TextField()
    key_id = models.TextField()
    time_stamp = models.BinaryField(null=True)

    class Meta:
        db_table = "kapok_checkpoint"
        ordering = ("size",)
        indexes = (models.Index(fields=("at",), name="audit_checkpoint_at"),)

    def __str__(self) -> str:
        return f"of {self.size}"


class Log(models.Model):
    """The one row that says how far the log has come; whoever seals locks it.

    Sealed so far: every row up to (horizon, after_kind, after_position) in the order of xid, kind and position.
    cluster: the system identifier of the Postgres that these xids are of. restored_*: the last positions that came here
    from another one by a restore; restored_unsealed: some of those may not be sealed yet.
    key, next_key, former_keys: public keys as `name+id+base64`; next_key signs once the event next_key_event is sealed.
    anchored_size: the last checkpoint that every anchor has. checked_size: where the self-check's round stands.
    indexed_size: of so many entries kapok_search knows.
    last_problem: what the self-check found, sealing_problem: why no checkpoint is signed; "" for nothing."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    origin = models.TextField()
    horizon = XidField(default=0)
    after_kind = models.TextField(db_default="", blank=True)
    after_position = models.BigIntegerField(db_default=0)
    cluster = models.TextField(db_default="", blank=True)
    restored_change = models.BigIntegerField(db_default=0)
    restored_event = models.BigIntegerField(db_default=0)
    restored_unsealed = models.BooleanField(db_default=False)
    size = models.BigIntegerField(default=0)
    sealed_at = models.DateTimeField(null=True, blank=True)
    key = models.TextField(db_default="", blank=True)
    next_key = models.TextField(db_default="", blank=True)
    next_key_event = models.BigIntegerField(null=True, blank=True)
    former_keys = models.JSONField(db_default=[])
    anchored_size = models.BigIntegerField(db_default=0)
    checked_size = models.BigIntegerField(db_default=0)
    indexed_size = models.BigIntegerField(db_default=0)
    last_checked_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.TextField(default="", blank=True)
    sealing_problem = models.TextField(db_default="", blank=True)

    class Meta:
        db_table = "kapok_log"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="audit_log_is_one"),)

    def __str__(self) -> str:
        return self.origin
