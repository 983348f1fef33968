"""A bundle from a running Kapok, by the command line alone: web, worker and sealer do their parts."""

from __future__ import annotations

import stat
from pathlib import Path

import httpx
import orjson
import pytest

from tests.audit.exported import lines
from tests.live import Live

pytestmark = pytest.mark.timeout(180)


def test_a_bundle_is_asked_for_taken_away_and_proven(live: Live, tmp_path: Path) -> None:
    live.cli("keys", "create", "acme", "--name", "for the auditor's test")
    bundle = tmp_path / "acme.zip"
    made = live.cli("audit", "exports", "create", "acme", "--profile", "iso27001", "--file", str(bundle))
    assert (made["state"], made["sizeBytes"]) == ("ready", bundle.stat().st_size)
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    told = [line for line in lines(bundle) if line["public"].get("name") == "key.created"]
    assert '"for the auditor\'s test"' in {line["private"]["details.name"] for line in told}
    assert "globex" not in orjson.dumps(lines(bundle)).decode().lower()
    key = live.cli("audit", "status", "acme")["key"]
    proven = live.cli("audit", "verify", str(bundle), "--trusted-key", key)
    assert (proven["outcome"], proven["problems"]) == ("verified", [])
    listed = live.cli("audit", "exports", "list", "--tenant", "acme")["exports"]
    assert [one["downloads"] for one in listed if one["id"] == made["id"]] == [1]
    path = f"{live.base_url}/api/v1/audit/exports/{made['id']}/download"
    assert httpx.get(path).status_code == 401
    taken = httpx.get(path, headers={"authorization": f"Bearer {live.control_token}"}, timeout=60)
    assert (taken.status_code, taken.content) == (200, bundle.read_bytes())
    assert live.cli("audit", "exports", "delete", made["id"])["state"] == "removed"
    gone = httpx.get(path, headers={"authorization": f"Bearer {live.control_token}"})
    assert (gone.status_code, gone.json()["error"]["code"]) == (409, "INVALID_STATE")
