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


ELSEWHERE = [
    ("192.168.1.20:8080", None),
    ("192.168.1.20:8080", "http://192.168.1.20:8080"),
    ("desk.local:8080", "http://desk.local:8080"),
]


@pytest.mark.parametrize(("host", "origin"), WELCOME)
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_the_panels_own_page_and_local_programs_are_welcome(host: str, origin: str | None, bound: str):
    assert refusal(host, origin, bound) is None


@pytest.mark.parametrize(("host", "origin"), ELSEWHERE)
def test_a_panel_for_the_network_is_called_by_its_names_there(host: str, origin: str | None):
    assert refusal(host, origin, "0.0.0.0") is None
    assert refusal(host, origin, "127.0.0.1")


@pytest.mark.parametrize(("host", "origin"), STRANGERS)
def test_a_foreign_name_or_page_is_refused(host: str, origin: str | None):
    assert refusal(host, origin, "127.0.0.1")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", None),
        ("8.8.8.8:8080", None),
        ("192.168.1.20:8080", "http://evil.example"),
        ("192.168.1.20:8080", "http://192.168.1.9:8080"),
    ],
)
def test_a_panel_for_the_network_refuses_foreign_names_and_pages_all_the_same(host: str, origin: str | None):
    assert refusal(host, origin, "0.0.0.0")
