"""The command line's settings: precedence, and which token goes to which server."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from kapok.cli.settings import DEFAULT_URL, Flags, Output, load_settings, save_token
from kapok.errors import KapokError

HOME_URL, PROJECT_URL, DEV_URL = "https://home.example", "https://project.example", "http://127.0.0.1:8123"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "work" / "project" / "deep"
    path.mkdir(parents=True)
    return path


def load(home: Path, work: Path, flags: Flags | None = None, **environ: str) -> Any:
    return load_settings(flags or Flags(), environ, work, home)


def write_dev(directory: Path, url: str = DEV_URL, token: str = "kctl_dev") -> None:
    state = directory / ".kapok"
    state.mkdir(exist_ok=True)
    (state / "dev.json").write_text(json.dumps({"baseUrl": url, "controlToken": token}))


def test_flags_before_environment_before_project_before_dev_before_home_before_defaults(home: Path, work: Path) -> None:
    assert load(home, work).url == DEFAULT_URL
    save_token(home, HOME_URL, "kctl_home", default=True)
    assert load(home, work).url == HOME_URL
    write_dev(work.parent.parent)
    assert load(home, work).url == DEV_URL
    (work.parent / "kapok.yaml").write_text(f"name: shop\nurl: {PROJECT_URL}\noutput: plain\n")
    assert (load(home, work).url, load(home, work).url_source) == (PROJECT_URL, "kapok.yaml")
    assert load(home, work, KAPOK_URL="https://env.example").url == "https://env.example"
    flags = Flags(url="https://flag.example/", output="json")
    found = load(home, work, flags, KAPOK_URL="https://env.example", KAPOK_OUTPUT="table")
    assert (found.url, found.url_source, found.output) == ("https://flag.example", "--url", Output.JSON)
    assert load(home, work).output is Output.PLAIN
    assert load(home, work, KAPOK_OUTPUT="table").output is Output.TABLE
    assert load(home, work).project_root == work.parent


def test_a_token_goes_to_its_own_server_only(home: Path, work: Path) -> None:
    save_token(home, HOME_URL, "kctl_home", default=True)
    write_dev(work, token="kctl_dev")
    assert load(home, work).token == "kctl_dev"
    assert load(home, work, KAPOK_URL=HOME_URL).token == "kctl_home"
    # A kapok.yaml in somebody's repository may name a server, but gets nothing for it.
    (work / "kapok.yaml").write_text("name: shop\nurl: https://evil.example\n")
    assert (load(home, work).url, load(home, work).token) == ("https://evil.example", None)
    assert load(home, work, KAPOK_TOKEN="kctl_env").token == "kctl_env"
    assert load(home, work, Flags(token="kctl_flag"), KAPOK_TOKEN="kctl_env").token == "kctl_flag"


def test_a_token_does_not_show_in_tracebacks(home: Path, work: Path) -> None:
    assert "kctl_flag" not in repr(load(home, work, Flags(token="kctl_flag")))


def test_saved_tokens_are_private_and_add_up(home: Path, work: Path) -> None:
    path = save_token(home, HOME_URL, "kctl_one", default=False)
    save_token(home, PROJECT_URL, "kctl_two", default=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(home, work).url == HOME_URL  # the first one is the default
    assert load(home, work, KAPOK_URL=PROJECT_URL).token == "kctl_two"
    assert load(home, work, KAPOK_URL=HOME_URL).token == "kctl_one"
    assert [entry.name for entry in path.parent.iterdir()] == ["config.yaml"]


def test_the_nearest_dev_server_wins_even_when_another_is_the_default(home: Path, work: Path) -> None:
    save_token(home, HOME_URL, "kctl_home", default=True)
    write_dev(work.parent.parent, "http://127.0.0.1:1")
    write_dev(work.parent, "http://127.0.0.1:2")
    assert load(home, work).url == "http://127.0.0.1:2"
    elsewhere = work / "state"
    elsewhere.mkdir()
    (elsewhere / "dev.json").write_text('{"baseUrl": "http://127.0.0.1:3", "controlToken": "t"}')
    assert load(home, work, Flags(state_dir=str(elsewhere))).url == "http://127.0.0.1:3"
    assert load(home, work, KAPOK_STATE_DIR=str(elsewhere)).token == "t"


def test_state_is_kept_here_unless_told(home: Path, work: Path) -> None:
    write_dev(work.parent)
    assert load(home, work).state_dir == work / ".kapok"
    assert load(home, work, Flags(state_dir="other")).state_dir == work / "other"


def test_a_dev_file_of_another_user_is_not_believed(home: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dev(work)
    monkeypatch.setattr("os.getuid", lambda: 12345)
    assert load(home, work).url == DEFAULT_URL


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "line"),
        ("- a\n- b\n", "name: value"),
        ("name: shop\nurl: 7\n", "must be a text"),
        ("name: shop\nurl: ftp://x\n", "not a URL"),
        ("name: shop\noutput: xml\n", "not one of"),
    ],
)
def test_a_bad_file_is_named(home: Path, work: Path, text: str, words: str) -> None:
    (work / "kapok.yaml").write_text(text)
    with pytest.raises(KapokError) as caught:
        load(home, work)
    assert caught.value.code == "CONFIGURATION_INVALID"
    assert words in caught.value.message and "kapok.yaml" in caught.value.message


def test_a_broken_dev_file_says_how_to_mend_it(home: Path, work: Path) -> None:
    write_dev(work)
    (work / ".kapok" / "dev.json").write_text("{")
    with pytest.raises(KapokError) as caught:
        load(home, work)
    assert "kapok dev" in caught.value.hint


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://a:99999", "http://a b", "https://a\x00", "nowhere"])
def test_an_address_that_is_none_is_refused(home: Path, work: Path, url: str) -> None:
    with pytest.raises(KapokError) as caught:
        load(home, work, KAPOK_URL=url)
    assert caught.value.code == "CONFIGURATION_INVALID" and "KAPOK_URL" in caught.value.message


def test_a_token_that_is_none_is_refused_and_not_repeated(home: Path, work: Path) -> None:
    assert load(home, work, KAPOK_TOKEN="kctl_x\r\n").token == "kctl_x"
    for token in ("kctl_ü", "kctl_a\nb"):
        with pytest.raises(KapokError) as caught:
            load(home, work, KAPOK_TOKEN=token)
        assert caught.value.code == "CONFIGURATION_INVALID" and token not in caught.value.message


def test_what_lies_in_somebody_elses_directory_is_passed_over(
    home: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may look anywhere, so the operating system's word is put in its mouth."""
    write_dev(work.parent)
    looked_at = Path.is_file

    def is_file(path: Path) -> bool:
        if path.parent == work / ".kapok":
            raise PermissionError(13, "Permission denied", str(path))
        return looked_at(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert load(home, work).url == DEV_URL
