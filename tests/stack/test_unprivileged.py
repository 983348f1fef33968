"""Root in a home that nobody else may enter, an ordinary user, and other local users who plant things."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psycopg
import pytest

from kapok.errors import KapokError
from kapok.stack import unprivileged
from tests.stack.processes import wait_until_gone

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused by Postgres")


@pytest.fixture
def home(place: Path, packages: Path) -> Path:
    """A home of mode 0700 with the program and its wheels in it, and beside it the place for root's copies."""
    subprocess.run(["cp", "-al", packages, place / "home"], check=True)
    (place / "home").chmod(0o700)
    return place / "home"


def user_of_postgres(processes: set[tuple[int, int]]) -> set[int]:
    return {
        Path(f"/proc/{pid}").stat().st_uid
        for pid, _ in processes
        if Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].endswith((b"/postgres", b"/valkey-server"))
    }


@as_root
def test_root_in_a_home_nobody_may_enter(own, home: Path, place: Path) -> None:
    order = {"state_dir": str(home / "x" / ".kapok"), "shared": str(place / "shared")}
    owner = own(order, path=home)
    users = user_of_postgres(owner.processes)
    assert users
    assert 0 not in users
    with psycopg.connect(owner.started["database"], autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    owner.end(signal.SIGTERM)
    assert not wait_until_gone(owner.processes)
    copies = sorted(path.name.rpartition("-")[0] for path in (place / "shared").iterdir())
    assert [name.split("-")[0] for name in copies] == ["data", "postgres", "valkey"]

    # Again, after the whole home was moved: the copies and the data are found.
    home.rename(place / "moved")
    order["state_dir"] = str(place / "moved" / "x" / ".kapok")
    owner = own(order, path=place / "moved")
    with psycopg.connect(owner.started["database"]) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    assert len(list((place / "shared").iterdir())) == 3

    # A copy of it is another stack with a database of its own; removing the state directory removes the database.
    subprocess.run(["cp", "-a", place / "moved" / "x", place / "moved" / "y"], check=True)
    copied = own({**order, "state_dir": str(place / "moved" / "y" / ".kapok")}, path=place / "moved")
    assert copied.started["database"] != owner.started["database"]
    assert len(list((place / "shared").glob("data-*"))) == 2
    copied.end(signal.SIGTERM)
    assert not wait_until_gone(copied.processes)
    shutil.rmtree(place / "moved" / "y")
    own({**order, "state_dir": str(place / "moved" / "y" / ".kapok"), "temporary": True}, path=place / "moved")
    assert len(list((place / "shared").glob("data-*"))) == 2


@as_root
def test_root_takes_no_directory_that_another_user_could_change(
    place: Path, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    theirs, writable, link, below = (place / name for name in ("theirs", "writable", "link", "below"))
    for directory in (theirs, writable, below):
        directory.mkdir()
    os.chown(theirs, nobody, nobody)
    os.chown(below, nobody, nobody)
    writable.chmod(0o777)
    link.symlink_to(theirs)
    candidates = (theirs, writable, link, below / "root", place / "none" / "such")
    monkeypatch.setattr(unprivileged, "SHARED_DIRECTORIES", candidates)
    with pytest.raises(KapokError) as refused:
        unprivileged.shared_directory()
    assert refused.value.code == "STACK_FAILED"
    assert [list(directory.iterdir()) for directory in (theirs, writable)] == [[], []]

    monkeypatch.setattr(unprivileged, "SHARED_DIRECTORIES", (*candidates, place / "good"))
    assert unprivileged.shared_directory() == place / "good"
    assert (place / "good").stat().st_mode & 0o777 == 0o755


@as_root
def test_a_copy_is_readable_by_all_and_writable_by_root_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unprivileged, "SHARED_DIRECTORIES", (place / "shared",))
    tree = place / "closed" / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "tool").write_text("#!/bin/sh\necho works\n")
    (tree / "bin" / "tool").chmod(0o777)
    (place / "closed").chmod(0o700)
    account = unprivileged.server_account(place / "none")
    assert account is not None
    old = os.umask(0o077)
    try:
        copy = unprivileged.within_reach(tree, "tree-1", account)
    finally:
        os.umask(old)
    assert copy.parent == place / "shared"
    assert {path.stat().st_mode & 0o777 for path in (copy, copy / "bin", copy / "bin" / "tool")} == {0o755}
    ran = subprocess.run([copy / "bin" / "tool"], user=account.uid, group=account.gid, capture_output=True, text=True)
    assert ran.stdout == "works\n"
    assert unprivileged.within_reach(tree, "tree-1", account) == copy
    (tree / "bin" / "tool").write_text("#!/bin/sh\necho works again\n")
    assert unprivileged.within_reach(tree, "tree-1", account) != copy


@as_root
def test_a_machine_without_time_zones_is_told_what_to_install(own, state_dir: Path) -> None:
    hidden = 'mount -t tmpfs tmpfs /usr/share/zoneinfo && exec "$0" "$@"'
    if subprocess.run(["unshare", "--mount", "sh", "-c", hidden, "true"], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here, or there are no time zones anyway")
    refused = own({"state_dir": str(state_dir)}, python=["unshare", "--mount", "sh", "-c", hidden, sys.executable])
    assert refused.started["error"]["code"] == "STACK_FAILED"
    assert "no time zones" in refused.started["error"]["message"]
    assert "tzdata" in refused.started["error"]["hint"]


@pytest.fixture
def python(place: Path) -> Path:
    """This Python where every user can run it, else a copy of it (the wheels are for its version)."""
    program, account = Path(sys.executable).resolve(), unprivileged.server_account(place)
    if account is None or unprivileged.can_reach(account, program):
        return program
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for source in (program, *program.parents[1].glob(f"lib/{library}/*"), *program.parents[1].glob("lib/libpython*")):
        if source.name not in ("test", "site-packages", "idlelib"):
            target = place / "python" / source.relative_to(program.parents[1])
            target.parent.mkdir(parents=True, exist_ok=True)
            # Links where it lies on the same file system: no copying then.
            if subprocess.run(["cp", "-al", source, target], capture_output=True).returncode != 0:
                subprocess.run(["cp", "-a", source, target], check=True)
    return place / "python" / "bin" / program.name


@as_root
def test_an_ordinary_user(own, packages: Path, place: Path, python: Path) -> None:
    (place / "theirs").mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(place / "theirs", nobody.pw_uid, nobody.pw_gid)
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}
    run = partial(own, python=[str(python)], path=packages, env={"LD_LIBRARY_PATH": str(place / "python" / "lib")})
    state_dir = place / "theirs" / ".kapok"
    owner = run({"state_dir": str(state_dir)}, **identity)
    assert user_of_postgres(owner.processes) == {nobody.pw_uid}
    assert state_dir.stat().st_mode & 0o777 == 0o700
    psycopg.connect(owner.started["database"]).close()
    owner.end(signal.SIGKILL)
    assert not wait_until_gone(owner.processes)

    refused = run({"state_dir": str(place / "roots" / ".kapok")}, **identity)
    assert refused.started["error"]["code"] == "STACK_FAILED"
    assert str(place / "roots") in refused.started["error"]["message"]
    assert not refused.processes

    # Root may take over what an ordinary user began: the servers then run as that user.
    owner = run({"state_dir": str(state_dir)})
    assert user_of_postgres(owner.processes) == {nobody.pw_uid}
