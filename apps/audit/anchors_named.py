"""The anchors that KAPOK_AUDIT_ANCHORS names. In: directories and s3:// URLs. Out: anchors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from apps.audit.anchors import Anchor, DirectoryAnchor
from apps.audit.anchors_s3 import Place, S3Anchor

_S3 = "s3://"


def anchors_named(texts: Sequence[str]) -> list[Anchor]:
    """The anchors, none of them asked yet. Raises AnchorMisconfiguredError."""
    return [S3Anchor(Place.parse(text)) if text.startswith(_S3) else DirectoryAnchor(Path(text)) for text in texts]
