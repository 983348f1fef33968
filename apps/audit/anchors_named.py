"""The anchors that KAPOK_AUDIT_ANCHORS names. In: directories and s3:// URLs. Out: anchors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.utils.module_loading import import_string

from apps.audit.anchors import Anchor, DirectoryAnchor

_S3 = "s3://"


def anchors_named(texts: Sequence[str]) -> list[Anchor]:
    """The anchors, none of them asked yet. Raises AnchorMisconfiguredError."""
    return [_in_s3(text) if text.startswith(_S3) else DirectoryAnchor(Path(text)) for text in texts]


def _in_s3(url: str) -> Anchor:
    """AWS' library takes 20 MB and a quarter of a second: only who has such an anchor loads it."""
    anchor: Anchor = import_string("apps.audit.anchors_s3.anchor_at")(url)
    return anchor
