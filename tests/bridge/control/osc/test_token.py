"""The token that lets in senders from other machines."""

from __future__ import annotations

import hmac
import logging
from typing import Any

import pytest

from bridge.control.osc import token as module
from bridge.control.osc.token import LIFE_SECONDS, MOST_HOSTS, MOST_KNOWN, TRIES, TRIES_SECONDS, TokenCheck
from bridge.control.parameters import ControlError
from bridge.web.access import network
from tests.bridge.control.osc.listener import Listener
from tests.bridge.control.osc.stage import Stage

SECRET, FAR = "a blue hour", "192.168.1.9"
KEY = ("udp", FAR, 5000)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_who_gives_the_token_is_known_by_address_and_port(clock: Clock):
    check = TokenCheck(SECRET, clock)
    assert not check.knows(KEY)
    check.give(KEY, FAR, SECRET)
    assert check.knows(KEY)
    assert not check.knows(("udp", FAR, 5001))
    assert not check.knows(("tcp", FAR, 5000))
    check.forget(KEY)
    assert not check.knows(KEY)


def test_who_is_silent_for_an_hour_has_to_give_it_anew(clock: Clock):
    check = TokenCheck(SECRET, clock)
    check.give(KEY, FAR, SECRET)
    clock.now += 0.9 * LIFE_SECONDS
    check.heard(KEY)
    clock.now += 0.9 * LIFE_SECONDS
    assert check.knows(KEY)
    clock.now += 0.2 * LIFE_SECONDS
    assert not check.knows(KEY)
    check.heard(KEY)
    assert not check.knows(KEY), "a word does not make up for it"


def test_wrong_tokens_are_counted_by_host_and_the_right_one_does_not_help_after_too_many(clock: Clock):
    check = TokenCheck(SECRET, clock)
    for left in reversed(range(TRIES)):
        with pytest.raises(ControlError, match=f"not the token; {left} more"):
            check.give(KEY, FAR, "a red hour")
    for said in ("another", SECRET):
        with pytest.raises(ControlError, match="too many wrong tokens"):
            check.give(("udp", FAR, 6000), FAR, said)
    check.give(("udp", "192.168.1.10", 5000), "192.168.1.10", SECRET)
    clock.now += 1.1 * TRIES_SECONDS
    check.give(KEY, FAR, SECRET)
    assert check.knows(KEY)


def test_it_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    compared: list[Any] = []
    really = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return really(one, other)

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    with pytest.raises(ControlError):
        TokenCheck(SECRET).give(KEY, FAR, "é")
    assert compared == [("é".encode(), SECRET.encode())]


def test_what_is_remembered_does_not_grow_without_end(clock: Clock):
    check = TokenCheck(SECRET, clock)
    for number in range(MOST_HOSTS + 10):
        with pytest.raises(ControlError):
            check.give(KEY, f"host {number}", "wrong")
    for number in range(MOST_KNOWN + 10):
        check.give(("udp", FAR, number), FAR, SECRET)
    assert (len(check._wrong), len(check._known)) == (MOST_HOSTS, MOST_KNOWN)
    assert not check.knows(("udp", FAR, 9))
    assert check.knows(("udp", FAR, MOST_KNOWN + 9))


def test_a_stranger_is_heard_once_he_has_given_the_token(caplog: pytest.LogCaptureFixture):
    stage, peer = Stage(allow=(network("10.0.0.0/8"),), token=SECRET), Listener(FAR)
    with caplog.at_level(logging.DEBUG):
        stage.send(peer, "/vace/scale", 0.5)
        stage.send(peer, "/vace/token", "wrong")
        [(address, (about, reason))] = peer.told()
        assert (address, about) == ("/vace/error", "/vace/token")
        assert "wrong" not in reason
        stage.send(peer, "/vace/reset")
        assert (peer.told(), stage.counters.ignored) == ([], 2)
        stage.send(peer, "/vace/token", SECRET)
        assert peer.told() == [("/vace/token/accepted", [])]
        stage.send(peer, "/vace/scale", 0.5)
        stage.send(peer, "/vace/reset")
        assert stage.mailbox.get("/vace/scale") == 0.5
        assert stage.mailbox.events() == ["/vace/reset"]
        stage.send(peer, "/vace/subscribe")
        stage.pass_by()
    said = peer.told()
    assert ("/vace/scale", [0.5]) in said
    assert SECRET not in repr(said) + caplog.text


def test_it_counts_where_nobody_is_named_too():
    stage, peer = Stage(token=SECRET), Listener(FAR)
    stage.send(peer, "/vace/reset")
    [(_, (_, reason))] = peer.told()
    assert "/vace/token" in reason
    stage.send(peer, "/vace/token", SECRET)
    stage.send(peer, "/vace/reset")
    assert stage.mailbox.events() == ["/vace/reset"]


def test_what_a_stranger_sends_is_hardly_looked_at():
    stage, peer = Stage(allow=(network("10.0.0.0/8"),), token=SECRET), Listener(FAR)
    stage.send(peer, "/vace/token", "x" * 5000)
    stage.send(peer, "/vace/token/", SECRET)
    stage.dispatcher.receive(b"#bundle\0" + bytes(8) + bytes(4000), peer)
    stage.dispatcher.receive(b"/vace/token\0,i\0\0", peer)
    assert all("can't be read" in arguments[1] for _, arguments in peer.told())
    assert stage.counters.ignored == 3
    assert stage.dispatcher.last is None, "and what goes wrong later is not told to him"


def test_without_one_who_gives_it_is_told_the_option():
    stage, peer = Stage(), Listener()
    stage.send(peer, "/vace/token", SECRET)
    [(_, (_, reason))] = peer.told()
    assert "--osc-token" in reason
