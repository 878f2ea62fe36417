"""What has gone wrong, asked for by OSC: to whom it is told, how much of it, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.control.osc import replies
from bridge.control.osc.event_list import EVENT, EVENTS, MOST_EVENTS, event_packets
from bridge.control.osc.limits import ANSWER_FACTOR, HEADERS
from bridge.control.osc.packets import MAX_BYTES
from bridge.control.osc.peers import encode
from bridge.web.access import network
from tests.bridge.control.osc.listener import Listener
from tests.bridge.control.osc.stage import Stage

FAR = "192.168.1.9"
NAMED = (network(f"{FAR}/32"),)


def event(number: int, reason: str = "there is no such picture") -> list[Any]:
    return [f"2026-11-28T21:04:{number % 60:02}+01:00", "/vace/first", f"{reason} {number}", number, number % 2]


ALL = [event(number) for number in range(1, 251)]


def last(count: int) -> list[list[Any]]:
    """As `Events.newest`."""
    return ALL[-count:]


def test_the_last_ten_are_told_or_as_many_as_are_asked_for_the_newest_at_the_end():
    stage, peer = Stage(events=last), Listener()
    for asked, count in (
        ((), 10),
        ((3,), 3),
        (("2",), 2),
        ((2.0,), 2),
        ((None,), 10),
        ((0,), 1),
        ((10**9,), MOST_EVENTS),
    ):
        stage.send(peer, EVENTS, *asked)
        assert peer.told() == [(EVENT, each) for each in last(count)]


def test_nobody_is_told_but_who_asks():
    stage, asker = Stage(events=last), Listener(port=5001)
    subscriber = stage.subscribed()
    stage.send(asker, EVENTS, 2)
    assert len(asker.told()) == 2
    assert subscriber.told() == []


def test_who_has_subscribed_with_another_port_is_answered_there():
    target = Listener(port=7000)

    class Pointing(Listener):
        def at_port(self, port: int) -> Listener:
            return target

    stage, peer = Stage(events=last), Pointing()
    stage.send(peer, "/vace/subscribe", 7000)
    stage.send(peer, EVENTS, 1)
    assert (peer.told(), target.told()) == ([], [(EVENT, ALL[-1])])


def test_where_nothing_has_happened_nil_says_so():
    stage, peer = Stage(events=lambda count: []), Listener()
    stage.send(peer, EVENTS)
    assert peer.told() == [(EVENT, [None])]


def test_what_is_no_number_is_told():
    stage, peer = Stage(events=last), Listener()
    stage.send(peer, EVENTS, "many")
    assert peer.told() == [("/vace/error", [EVENTS, f"{EVENTS} takes a number 1 to {MOST_EVENTS}, got 'many'"])]


def test_another_machine_has_as_many_of_the_newest_as_a_few_times_its_question_holds():
    stage, peer = Stage(allow=NAMED, events=last), Listener(FAR)
    question = [50, "x" * 300]
    stage.send(peer, EVENTS, *question)
    told = peer.told()
    assert told == [(EVENT, each) for each in last(len(told))]
    sizes = [len(encode(EVENT, each) or b"") + HEADERS for each in last(50)]
    room = ANSWER_FACTOR * (len(encode(EVENTS, question) or b"") + HEADERS)
    assert sum(sizes[-len(told) :]) <= room < sum(sizes[-len(told) - 1 :])


def test_another_machine_whose_question_is_too_short_for_one_event_is_told_so():
    stage, peer = Stage(allow=NAMED, events=lambda count: [event(1, "x" * 200)]), Listener(FAR)
    stage.send(peer, EVENTS)
    [(address, (about, reason))] = peer.told()
    assert (address, about) == ("/vace/error", EVENTS)
    assert reason == "the answer is over 4 times the question; /vace/subscribe first, or use TCP"


def test_who_is_subscribed_or_connected_has_all_that_were_asked_for():
    subscribed, connected = Listener(FAR), Listener(FAR, 5001)
    connected.key = ("tcp", FAR, 5001)
    stage = Stage(allow=NAMED, events=last)
    stage.send(subscribed, "/vace/subscribe")
    for peer in (subscribed, connected):
        stage.send(peer, EVENTS, 20)
        assert len(peer.told()) == 20


def test_another_machine_that_nobody_named_is_told_nothing_of_files():
    stage, peer = Stage(events=last), Listener(FAR)
    stage.send(peer, EVENTS)
    [(address, (about, reason))] = peer.told()
    assert (address, about) == ("/vace/error", EVENTS)
    assert f"not for {FAR}" in reason


def test_an_answer_is_no_larger_than_a_packet_may_be():
    long = [event(number, "é" * 1000) for number in range(MOST_EVENTS)]
    packets = event_packets(lambda count: long[-count:], (MOST_EVENTS,), MAX_BYTES)
    assert 25 < len(packets) < 40
    assert packets[-1] == encode(EVENT, long[-1])
    assert sum(map(len, packets)) <= MAX_BYTES
    assert event_packets(lambda count: long[-count:], (), 100) == []


def test_each_event_counts_as_an_answer_where_those_of_a_second_are_limited(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replies, "ANSWERS_PER_SECOND", 5)
    stage, peer = Stage(events=last), Listener()
    stage.send(peer, EVENTS, 6)
    assert peer.told() == []
    stage.send(peer, EVENTS, 5)
    assert len(peer.told()) == 5


def test_where_nobody_keeps_events_there_is_no_such_question():
    stage, peer = Stage(), Listener()
    stage.send(peer, EVENTS)
    [(address, (about, reason))] = peer.told()
    assert (address, about) == ("/vace/error", EVENTS)
    assert "no control" in reason


def test_an_event_that_another_program_tells_is_no_question():
    stage, peer = Stage(events=last), Listener()
    stage.send(peer, EVENT, *ALL[0])
    assert peer.told() == []
