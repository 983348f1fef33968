"""Reading one YAML file that must be a mapping. In: a path. Out: its content, or an error with the line at fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kapok.errors import KapokError


def read_mapping(path: Path) -> dict[str, Any]:
    """The file's mapping ({} when it is empty). Raises CONFIGURATION_INVALID."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise KapokError("CONFIGURATION_INVALID", f"{path} cannot be read.") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(exc, "problem", None) or "it cannot be parsed"
        raise KapokError("CONFIGURATION_INVALID", f"{path}{where} is not valid YAML: {problem}.") from exc
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise KapokError("CONFIGURATION_INVALID", f"{path} must hold `name: value` lines.")
    return content
