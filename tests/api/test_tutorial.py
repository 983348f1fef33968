"""docs/tutorial.md, followed to the letter: its files are written, its commands run, their answers compared.

A block whose first line is a comment with a path is a file; a `json` block is what the `sh` block before it prints, in
which `"...": "..."` stands for more members and `"..."` for any value.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import Live

pytestmark = pytest.mark.slow

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```(sh|sql|yaml|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^(?:--|#) (\S+\.(?:sql|yaml))\n")
_MARK = "=====block====="
#: Mails are sent by the worker, a moment after the answer.
_WAIT_FOR_MAIL = 'for _ in $(seq 100); do curl -s "$INBOX" | grep -q token && break; sleep 0.1; done\n'


def blocks() -> Iterator[tuple[str, str]]:
    """(language, text) of every block that is run, written or compared."""
    yield from _BLOCK.findall(TUTORIAL.read_text())


def script(base_url: str) -> tuple[str, list[list[Any]]]:
    """The tutorial as one shell script, and what each of its `sh` blocks is to print ([]: anything)."""
    lines, expected = ["set -eu\nTOKEN=\n"], []
    for language, text in blocks():
        file = _FILE.match(text)
        if language == "json":
            expected[-1] = [json.loads(line) for line in text.splitlines()]
        elif file:
            lines.append(f"cat > {file[1]} <<'KAPOK_EOF'\n{text}KAPOK_EOF\n")
        else:
            expected.append([])
            commands = "\n".join(line for line in text.splitlines() if not line.startswith("source "))
            wait = _WAIT_FOR_MAIL if "_dev/inbox" in text else ""
            lines.append(f"{wait}{commands}\necho {_MARK}\n")
    return "".join(lines).replace("http://127.0.0.1:8000", base_url), expected


def matches(expected: Any, got: Any) -> bool:
    """Whether an answer is the one that is shown."""
    if expected == "...":
        return True
    if isinstance(expected, dict) and isinstance(got, dict):
        shown = {name: value for name, value in expected.items() if name != "..."}
        complete = "..." in expected or expected.keys() == got.keys()
        return complete and all(name in got and matches(value, got[name]) for name, value in shown.items())
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(matches, expected, got))
    return bool(expected == got)


def test_the_tutorial_is_true(live: Live, tmp_path: Path) -> None:
    commands, expected = script(live.base_url)
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "KAPOK_URL": live.base_url,
        "KAPOK_TOKEN": live.control_token,
        "HOME": str(tmp_path),
        "INBOX": f"{live.base_url}/_dev/inbox.json?to=ann@example.com",
    }
    done = subprocess.run(
        ["bash", "-c", commands], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    printed = done.stdout.split(f"{_MARK}\n")[:-1]
    assert len(printed) == len(expected)
    for answer, wanted in zip(printed, expected, strict=True):
        got = [json.loads(line) for line in answer.splitlines() if line] if wanted else []
        assert matches(wanted, got), f"the tutorial says {wanted}, Kapok says {answer}"
