"""The walk-through of docs/audit.md: its bundle is a real one, and what the page shows is what the command prints.

`pytest tests/audit/test_exports_job.py --update-golden` makes the bundle and its keys anew; the page is then to be
mended by hand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from tests.audit.exported import EXAMPLE, EXAMPLE_KEYS

PAGE = EXAMPLE.parents[1] / "audit.md"


def kapok(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process that knows no server, where the page's files are."""
    environ: dict[str, Any] = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    command = [str(Path(sys.executable).with_name("kapok")), *arguments]
    return subprocess.run(command, cwd=EXAMPLE.parent, env=environ, capture_output=True, text=True, check=False)


def test_the_page_shows_what_the_command_prints() -> None:
    options = ("--trusted-key", EXAMPLE_KEYS.name, "--tsa-certificate", "notary.pem")
    done = kapok("audit", "verify", EXAMPLE.name, *options)
    assert done.returncode == 0, done.stdout
    shown = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
    page = PAGE.read_text()
    missing = [line for line in shown if line not in page]
    assert missing == []


def test_the_page_shows_how_a_changed_entry_is_named(tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(EXAMPLE) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"Ada Byron", b"Eve Byron"))
    done = kapok("audit", "verify", str(changed), "--trusted-key", EXAMPLE_KEYS.name)
    assert done.returncode == 1
    [named] = re.findall(r"Entry \d+ \(authors, update, .*", done.stdout)
    assert named.rstrip() in PAGE.read_text()
