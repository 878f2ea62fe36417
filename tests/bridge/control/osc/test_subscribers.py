"""Who is told of what, and when; on a clock that the test sets."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.control.osc.subscribers import ECHO_SECONDS, HEARTBEAT_SECONDS, LIFE_SECONDS, MAX_SUBSCRIBERS
from bridge.web.access import network
from tests.bridge.control.osc.listener import Listener
from tests.bridge.control.osc.stage import Stage

SNAPSHOT = [
    ("/vace/scale", [1.0]),
    ("/vace/seed", [0]),
    ("/vace/prompt", [""]),
    ("/vace/fade", [0.0]),
    ("/vace/control", ["depth"]),
    ("/vace/freeze", [0]),
    ("/vace/box", [0.0, 1.0]),
]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_subscriber_gets_everything_once_and_then_what_changes(stage: Stage):
    peer = Listener()
    stage.send(peer, "/vace/subscribe")
    stage.pass_by()
    assert peer.told() == SNAPSHOT
    stage.pass_by()
    assert peer.told() == []
    stage.mailbox.set("/vace/seed", 7)
    stage.mailbox.set("/vace/seed", 8)
    stage.pass_by()
    assert peer.told() == [("/vace/seed", [8])]


def test_who_moves_a_control_is_not_told_of_it_but_the_others_are(stage: Stage):
    mover, other = stage.subscribed(), stage.subscribed(port=5001)
    stage.send(mover, "/vace/scale", 0.5)
    stage.pass_by()
    assert other.told() == [("/vace/scale", [0.5])]
    stage.pass_by(2 * ECHO_SECONDS)
    assert mover.told() == []


@pytest.mark.parametrize(
    ("address", "sent", "held"),
    [
        ("/vace/scale", [7.5], [2.0]),
        ("/vace/n/scale", [1.5], [2.0]),
        ("/vace/seed", [7.6], [8]),
        ("/vace/prompt", [" two\nlines\x1b"], ["two lines"]),
        ("/vace/scale", ["loud"], [1.0]),
        ("/vace/scale", ["+", 0.25], [1.25]),
        ("/vace/box", [0.5, 3.0], [0.5, 2.0]),
        ("/vace/box", [0.5], [0.0, 1.0]),
    ],
)
def test_who_sends_what_is_not_held_is_told_what_is_once_he_has_let_go(
    stage: Stage, address: str, sent: list[Any], held: list[Any]
):
    mover = stage.subscribed()
    stage.send(mover, address, *sent)
    mover.told()  # the error
    stage.pass_by(0.9 * ECHO_SECONDS)
    assert mover.told() == []
    stage.pass_by(0.2 * ECHO_SECONDS)
    assert mover.told() == [(address.replace("/n/", "/"), held)]


def test_a_control_that_others_move_too_is_set_right_when_he_lets_go(stage: Stage):
    mover = stage.subscribed()
    stage.send(mover, "/vace/scale", 0.5)
    stage.mailbox.set("/vace/scale", 1.5)
    stage.pass_by(0.9 * ECHO_SECONDS)
    assert mover.told() == []
    stage.pass_by(0.2 * ECHO_SECONDS)
    assert mover.told() == [("/vace/scale", [1.5])]


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/vace/control", [1]),
        ("/vace/control", ["Scribble"]),
        ("/vace/freeze", [1.0]),
        ("/vace/box", [0.3, 1]),
    ],
)
def test_another_way_of_saying_the_same_is_no_difference(stage: Stage, address: str, sent: list[Any]):
    mover = stage.subscribed()
    stage.send(mover, address, *sent)
    stage.pass_by(2 * ECHO_SECONDS)
    assert mover.told() == []


def test_a_number_that_is_nearly_none_is_not_taken_for_none(stage: Stage):
    other = stage.subscribed(port=5001)
    for value in (1e-33, 0.0):
        stage.mailbox.set("/vace/scale", value)
        stage.pass_by()
        assert other.told() == [("/vace/scale", [pytest.approx(value, rel=1e-6, abs=0)])]


def test_further_arguments_are_moved_too(stage: Stage):
    mover, other = stage.subscribed(), stage.subscribed(port=5001)
    stage.send(mover, "/vace/prompt", "ice", 2.5)
    stage.pass_by(2 * ECHO_SECONDS)
    assert mover.told() == []
    assert other.told() == [("/vace/prompt", ["ice"]), ("/vace/fade", [2.5])]


def test_feedback_can_go_to_another_port_of_the_sender(stage: Stage):
    peer, elsewhere = Listener(), Listener(port=9001)
    peer.at_port = lambda port: elsewhere  # type: ignore[method-assign]
    stage.send(peer, "/vace/subscribe", 9001)
    stage.pass_by()
    assert (peer.told(), elsewhere.told()) == ([], SNAPSHOT)
    stage.send(peer, "/vace/scale", 0.5)
    stage.pass_by(2 * ECHO_SECONDS)
    assert elsewhere.told() == []
    stage.send(peer, "/vace/unsubscribe")
    assert stage.counters.subscribers == 0


def test_twins_are_told_to_those_who_ask_for_them(stage: Stage):
    peer = stage.subscribed(0, 1)
    stage.mailbox.set("/vace/scale", 0.5)
    stage.mailbox.set("/vace/control", "scribble")
    stage.pass_by()
    assert peer.told() == [
        ("/vace/scale", [0.5]),
        ("/vace/n/scale", [0.25]),
        ("/vace/control", ["scribble"]),
        ("/vace/n/control", [1.0]),
    ]


def test_whoever_is_silent_for_a_minute_is_forgotten_and_any_word_counts(stage: Stage):
    peer = stage.subscribed()
    stage.pass_by(0.9 * LIFE_SECONDS)
    stage.send(peer, "/vace/ping")
    stage.pass_by(0.9 * LIFE_SECONDS)
    assert stage.counters.subscribers == 1
    stage.pass_by(0.2 * LIFE_SECONDS)
    assert stage.counters.subscribers == 0


def test_who_subscribes_again_hears_everything_again_and_counts_once(stage: Stage):
    peer = stage.subscribed()
    stage.send(peer, "/vace/subscribe")
    stage.pass_by()
    assert peer.told() == SNAPSHOT
    assert stage.counters.subscribers == 1


def test_one_too_many_is_told_so_and_the_rest_are_served(stage: Stage):
    peers = [stage.subscribed(port=5000 + number) for number in range(MAX_SUBSCRIBERS)]
    late = Listener(port=6000)
    stage.send(late, "/vace/subscribe")
    [(address, (about, reason))] = late.told()
    assert (address, about) == ("/vace/error", "/vace/subscribe")
    assert str(MAX_SUBSCRIBERS) in reason
    stage.mailbox.set("/vace/seed", 1)
    stage.pass_by()
    assert all(peer.told() == [("/vace/seed", [1])] for peer in peers)
    assert late.told() == []
    stage.send(peers[3], "/vace/unsubscribe")
    stage.send(late, "/vace/subscribe")
    assert stage.counters.subscribers == MAX_SUBSCRIBERS


@pytest.mark.parametrize("port", [-1, 65536, float("nan"), "home", b"x"])
def test_a_port_that_is_none_is_refused(stage: Stage, port: Any):
    peer = Listener()
    stage.send(peer, "/vace/subscribe", port)
    [(address, (about, _))] = peer.told()
    assert (address, about) == ("/vace/error", "/vace/subscribe")
    assert stage.counters.subscribers == 0


def test_the_heartbeat_comes_twice_a_second():
    stage = Stage(status=lambda: ["running", 30.0, 12.5, 240])
    peer = stage.subscribed()
    stage.pass_by(0.5 * HEARTBEAT_SECONDS)
    assert peer.told() == []
    stage.pass_by(0.6 * HEARTBEAT_SECONDS)
    assert peer.told() == [("/vace/status", ["running", 30.0, 12.5, 240])]


def test_what_goes_wrong_is_told_to_all_subscribers_and_once_to_whoever_sent_last(stage: Stage):
    peers = [stage.subscribed(port=port) for port in (5000, 5001)]
    stage.dispatcher.notify("/vace/reference", "there is no file a.png")
    expected = [("/vace/error", ["/vace/reference", "there is no file a.png"])]
    assert [peer.told() for peer in peers] == [expected, expected]
    stranger = Listener(port=6000)
    stage.send(stranger, "/vace/scale", 1)
    stage.dispatcher.notify("/vace/reference", "there is no file a.png")
    assert [peer.told() for peer in (*peers, stranger)] == [expected] * 3


FAR = "192.168.1.9"


@pytest.mark.parametrize("address", ["/vace/reset", "/vace/dump", "/vace/subscribe"])
def test_another_machine_may_not_do_everything_unless_it_is_named(address: str):
    stage, peer = Stage(), Listener(FAR)
    stage.send(peer, address)
    [(answer, (about, reason))] = peer.told()
    assert (answer, about) == ("/vace/error", address)
    assert FAR in reason
    assert "--osc-allow" in reason
    assert stage.mailbox.events() == []
    assert stage.counters.subscribers == 0
    stage.send(peer, "/vace/scale", 0.5)
    assert stage.mailbox.get("/vace/scale") == 0.5

    named = Stage(allow=(network(f"{FAR}/32"),))
    named.send(peer, address)
    assert [arguments[1] for answer, arguments in peer.told() if answer == "/vace/error"] == (
        ["/vace/dump is for this machine and for subscribers; /vace/subscribe first"] if address == "/vace/dump" else []
    )
    assert named.mailbox.events() == (["/vace/reset"] if address == "/vace/reset" else [])


def test_answers_and_errors_go_where_a_sender_has_subscribed(stage: Stage):
    peer = stage.subscribed(6000)
    stage.send(peer, "/vace/get", "/vace/seed")
    stage.send(peer, "/vace/scale", "loud")
    assert peer.told() == []
    (subscriber,) = stage.subscribers._by_target.values()
    assert subscriber.target.key[2] == 6000
    heard = subscriber.target.told()  # type: ignore[attr-defined]
    assert ("/vace/seed", [0]) in heard
    assert any(address == "/vace/error" and "loud" in arguments[1] for address, arguments in heard)
