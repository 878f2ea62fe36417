"""Only this machine's own page gets in."""

import pytest

from backend.panel.access import refusal

WELCOME = [
    ("127.0.0.1:8080", None),
    ("localhost:8080", None),
    ("[::1]:8080", None),
    ("127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("localhost:8080", "http://localhost:8080"),
    ("LOCALHOST:8080", "http://localhost:8080"),
]
STRANGERS = [
    ("evil.example", None),
    ("evil.example:8080", "http://evil.example:8080"),
    ("127.0.0.1.evil.example:8080", None),
    ("localhost.evil.example:8080", None),
    ("192.168.1.20:8080", None),
    ("0.0.0.0:8080", None),
    ("", None),
    ("[::1", None),
    ("user@127.0.0.1:8080@evil.example", None),
    ("127.0.0.1:8080", "http://evil.example"),
    ("127.0.0.1:8080", "http://127.0.0.1:9999"),
    ("127.0.0.1:8080", "https://127.0.0.1:8080"),
    ("127.0.0.1:8080", "http://localhost:8080"),
    ("127.0.0.1:8080", "null"),
    ("127.0.0.1:8080", ""),
]


@pytest.mark.parametrize(("host", "origin"), WELCOME)
def test_the_panels_own_page_and_local_programs_are_welcome(host: str, origin: str | None):
    assert refusal(host, origin) is None


@pytest.mark.parametrize(("host", "origin"), STRANGERS)
def test_a_foreign_name_or_page_is_refused(host: str, origin: str | None):
    assert refusal(host, origin)
