"""The token: what it is, how often it may be guessed at, and the check over real sockets.

What comes from another machine comes through a proxy on this one, which says so in a header.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bridge.web.server import WebServer
from bridge.web.token import GUESS_SECONDS, MAX_ADDRESSES, MAX_GUESSES, Guesses, Token, checked
from bridge.web.token_check import TokenCheck

PATIENCE = 10.0
TEXT = "open & shut/ä+%".replace("ä", "a")
IN_ADDRESS = "token=open+%26%20shut%2Fa%2B%25"
OTHER, THIRD = "192.168.7.9", "192.168.7.10"


async def told(request: Request) -> Response:
    return PlainTextResponse(request.url.query)


async def live(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


class Served:
    """A server behind the check."""

    def __init__(self, token: Token | None) -> None:
        routes = [Route("/", told), WebSocketRoute("/live", live)]
        self.app = Starlette(routes=routes, middleware=[Middleware(TokenCheck, token)])
        self.web = WebServer(self.app, "127.0.0.1", 0, "under test", 1000)
        self.web.start()

    def ask(self, query: str = "", sender: str = OTHER, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=PATIENCE)
        given = {"X-Forwarded-For": sender} if sender else {}
        connection.request("GET", f"/?{query}", headers=given | headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def connect(self, query: str = "", **headers: str) -> str | bytes:
        url = f"ws://127.0.0.1:{self.web.port}/live?{query}"
        with connect(url, additional_headers={"X-Forwarded-For": OTHER} | headers, proxy=None) as connection:
            return connection.recv(PATIENCE)


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served(Token(TEXT))
    yield served
    served.web.stop()


def cookie_of(answer: http.client.HTTPResponse) -> str:
    return str(answer.headers["set-cookie"]).partition(";")[0]


def test_this_machine_needs_no_token(served: Served):
    assert served.ask(sender="").status == 200


def test_another_machine_without_the_token_is_told_where_it_is_shown(served: Served):
    answer = served.ask()
    assert answer.status == 401
    assert "?token=" in answer.text  # type: ignore[attr-defined]
    assert TEXT not in answer.text  # type: ignore[attr-defined]


def test_with_the_token_in_the_address_it_is_let_in_and_the_page_sees_none_of_it(served: Served):
    answer = served.ask(f"VALUE&{IN_ADDRESS}&x=1")
    assert (answer.status, answer.text) == (200, "VALUE&x=1")  # type: ignore[attr-defined]


def test_the_browser_keeps_it_as_a_cookie_that_is_not_the_token_and_no_script_reads(served: Served):
    kept = str(served.ask(IN_ADDRESS).headers["set-cookie"])
    assert kept.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert TEXT not in kept
    answer = served.ask(Cookie=f'other="; {kept.partition(";")[0]}; third=4')
    assert answer.status == 200
    assert answer.headers["set-cookie"] is None


def test_a_program_may_send_it_as_a_bearer(served: Served):
    assert served.ask(Authorization=f"Bearer {TEXT}").status == 200
    assert served.ask(Authorization="Bearer wrong-one").status == 401


def test_websockets_need_it_too(served: Served):
    for query in ("", "token=wrong"):
        with pytest.raises(InvalidStatus, match="403"):
            served.connect(query)
    assert served.connect(IN_ADDRESS) == "in"
    assert served.connect(Cookie=cookie_of(served.ask(IN_ADDRESS))) == "in"


def test_the_cookie_of_another_token_does_not_open(served: Served):
    name = cookie_of(served.ask(IN_ADDRESS)).partition("=")[0]
    assert served.ask(Cookie=f"{name}={Token('another one').cookie}").status == 401


def test_after_so_many_guesses_an_address_has_to_wait_and_others_have_not(served: Served):
    for number in range(MAX_GUESSES):
        assert served.ask(f"token=guess-{number}").status == 401
    assert served.ask(IN_ADDRESS).status == 429
    assert served.ask(IN_ADDRESS, sender=THIRD).status == 200
    assert served.ask(sender="").status == 200


def test_a_page_that_tries_its_old_token_again_and_again_is_not_locked_out(served: Served):
    for _ in range(3 * MAX_GUESSES):
        assert served.ask("token=of-yesterday").status == 401
    assert served.ask(IN_ADDRESS).status == 200


def test_without_a_token_other_machines_are_kept_out():
    served = Served(None)
    try:
        assert served.ask(sender="").status == 200
        assert served.ask().status == 403
        assert served.ask("token=").status == 403
        assert "--panel-token" in served.ask().text  # type: ignore[attr-defined]
        with pytest.raises(InvalidStatus, match="403"):
            served.connect("token=None")
    finally:
        served.web.stop()


@pytest.mark.parametrize("query", ["token=%ff%00", "token", "token=", "&&token=&", "token=" + "x" * 9000])
def test_an_odd_token_is_a_wrong_one(served: Served, query: str):
    assert served.ask(query).status == 401


def test_guesses_are_forgotten_after_a_while():
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for number in range(MAX_GUESSES):
        guesses.note(OTHER, b"%d" % number)
    assert guesses.used_up(OTHER)
    now[0] += GUESS_SECONDS
    assert not guesses.used_up(OTHER)
    guesses.note(OTHER, b"one more")
    assert not guesses.used_up(OTHER)


def test_a_machine_guesses_no_oftener_for_having_many_addresses():
    guesses = Guesses()
    for number in range(MAX_GUESSES):
        guesses.note(f"2001:db8::{number:x}", b"%d" % number)
    assert guesses.used_up("2001:db8::ffff")
    assert not guesses.used_up("2001:db8:0:1::1")
    assert not guesses.used_up("::ffff:192.168.1.1")


def test_what_is_remembered_of_guesses_does_not_grow_without_end():
    guesses = Guesses()
    for number in range(3 * MAX_ADDRESSES):
        guesses.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", b"x")
    for number in range(100_000):
        guesses.note(OTHER, b"%d" % number)
    assert len(guesses._by_address) == MAX_ADDRESSES
    assert max(len(wrong) for _, wrong in guesses._by_address.values()) == MAX_GUESSES


def test_a_fresh_token_is_another_each_time_and_fits_into_an_address():
    texts = {Token.fresh().text for _ in range(100)}
    assert len(texts) == 100
    assert all(checked(text) == text and len(text) >= 20 for text in texts)


@pytest.mark.parametrize("text", ["", "short", "x" * 201, "with a\nline", "grün und gut"])
def test_a_token_that_is_too_short_or_cannot_be_typed_is_refused(text: str):
    with pytest.raises(ValueError, match="a token"):
        checked(text)
