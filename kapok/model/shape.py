"""The shape of a schema: a digest of its normalised catalog. Equal for schemas made alike, whatever they are called."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import orjson

from kapok.catalog.types import Catalog


def shape_of(catalog: Catalog) -> str:
    """SHA-256 (64 hex digits) of the catalog without its row estimates. A catalog holds no oid and no schema name."""
    timeless = replace(catalog, tables=tuple([replace(table, estimated_rows=0) for table in catalog.tables]))
    return hashlib.sha256(orjson.dumps(timeless)).hexdigest()
