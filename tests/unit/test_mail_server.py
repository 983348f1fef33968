"""KAPOK_EMAIL_URL as Django's settings."""

from __future__ import annotations

import pytest

from config.env import read
from config.mail_server import MailServer, mail_server
from kapok.errors import KapokError


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", MailServer()),
        ("smtp://mail.example.com", MailServer("mail.example.com", 587, starttls=True)),
        ("smtps://a%40b:p%2Fq@mail.example.com:4650", MailServer("mail.example.com", 4650, "a@b", "p/q", tls=True)),
        ("smtp+plain://localhost:2525", MailServer("localhost", 2525)),
    ],
)
def test_what_a_url_means(url: str, server: MailServer) -> None:
    assert mail_server(url) == server
    assert server.backend.endswith("smtp.EmailBackend" if url else "dummy.EmailBackend")


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://user:geheim@"])
def test_a_wrong_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(KapokError, match="KAPOK_EMAIL_URL") as refused:
        read({"KAPOK_EMAIL_URL": url})
    assert "geheim" not in refused.value.message


@pytest.mark.parametrize("cost", ["", "7,2", "9216", "1e3,2", " 64,1", "1,1", "9216,0", "9216,4,1", "a,b"])
def test_a_cost_that_argon2_has_not(cost: str) -> None:
    with pytest.raises(KapokError, match="KAPOK_ARGON2"):
        read({"KAPOK_ARGON2": cost})
