"""What a sender may cost the others: answers to forged addresses, loops, patterns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.controls.table import TABLE
from bridge.control.mailbox import Mailbox
from bridge.control.osc import replies
from bridge.control.osc.limits import ANSWER_FACTOR, HEADERS, AnswerCredit, RateLimiter, WorkLimit
from bridge.control.osc.packets import parse
from bridge.control.osc.patterns import (
    MAX_PATTERN,
    REMEMBERED,
    STEPS_PER_CONTROL,
    STEPS_PER_PACKET,
    STEPS_PER_SECOND,
    PatternSearch,
)
from bridge.control.osc.peers import encode, is_here, reaches
from bridge.control.osc.server import OscServer
from bridge.control.parameters import ControlError
from bridge.web.access import network
from tests.bridge.control.osc.listener import Listener
from tests.bridge.control.osc.stage import Stage
from tests.bridge.control.osc.test_packets import bundle

FAR = "192.168.1.9"
NAMED = (network(f"{FAR}/32"),)


def packet(address: str, *arguments: Any) -> bytes:
    encoded = encode(address, arguments)
    assert encoded is not None
    return encoded


class Counting(Listener):
    """A listener that adds up what comes, with its headers."""

    received = 0

    def send(self, packet: bytes) -> None:
        self.received += len(packet) + HEADERS
        super().send(packet)


QUESTIONS: dict[str, bytes] = {
    "all values": packet("/vace/*", "?"),
    "one value": packet("/vace/get", "/vace/prompt"),
    "the names of many presets": packet("/vace/preset/list"),
    "how it is": packet("/vace/status"),
    "all of it": packet("/vace/dump"),
    "what went wrong": packet("/vace/events"),
    "much that went wrong": packet("/vace/events", 100),
    "an unknown address": packet("/vace/promt", 1),
    "an error": packet("/vace/scale", "loud"),
    "what is refused": packet("/vace/reset"),
    "a bundle of questions": bundle(*[packet("/vace/preset/list")] * 200),
    "a wrong token": packet("/vace/token", "wrong"),
    "a message that can't be read": b"/vace/scale\0,x\0\0",
    "a text that is no UTF-8": b"/vace/prompt\0\0\0\0,s\0\0\xe9\0\0\0",
}


@pytest.mark.parametrize("allow", [(), NAMED], ids=["nobody named", "named"])
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=list(QUESTIONS))
def test_an_answer_to_another_machine_is_not_much_larger_than_the_question(question: bytes, allow: tuple):
    answers = {"/vace/preset/list": lambda: ["x" * 64] * 256, "/vace/status": lambda: ["running", 30.0, 12.5, 240]}
    stage, peer = Stage(allow=allow, table=TABLE, answers=answers, events=lambda n: [["x" * 64] * 2] * n), Counting(FAR)
    stage.mailbox.set("/vace/prompt", "x" * 2000)
    for asked in range(1, 4):
        stage.dispatcher.receive(question, peer)
        stage.dispatcher.flush()
        stage.dispatcher.notify("/vace/reference", "there is no such picture, " * 20)
        assert 0 < peer.received <= ANSWER_FACTOR * asked * (len(question) + HEADERS)


def test_credit_is_not_handed_on_from_one_sender_to_the_next():
    stage = Stage(answers={"/vace/preset/list": lambda: ["x" * 64] * 20})
    generous, poor = Counting(FAR, 5000), Counting("192.168.1.10", 5000)
    stage.dispatcher.receive(packet("/vace/preset/list", 1, b"x" * 1000), generous)
    assert generous.told()[0][0] == "/vace/preset/list", "who asks at length is answered at length"
    stage.dispatcher.receive(packet("/vace/preset/list"), poor)
    [(address, (about, reason))] = poor.told()
    assert (address, about) == ("/vace/error", "/vace/preset/list")
    assert reason.startswith("the answer is over 4 times")


def test_who_is_on_this_machine_connected_or_subscribed_is_answered_in_full():
    long = {"/vace/preset/list": lambda: ["x" * 64] * 256}
    here, connected, subscribed = Listener(), Listener(FAR), Listener(FAR, 5001)
    connected.key = ("tcp", FAR, 5000)
    stage = Stage(allow=NAMED, answers=long)
    stage.send(subscribed, "/vace/subscribe")
    for peer in (here, connected, subscribed):
        stage.send(peer, "/vace/preset/list")
        assert peer.told() == [("/vace/preset/list", ["x" * 64] * 256)]
    stage.send(subscribed, "/vace/dump")
    assert len(subscribed.told()) == len(stage.mailbox.snapshot())


def test_credit_is_earned_and_spent():
    credit = AnswerCredit()
    assert credit.room() == 0
    credit.earn(12)
    assert credit.room() == ANSWER_FACTOR * (12 + HEADERS) - HEADERS
    credit.spend(100)
    assert credit.room() == ANSWER_FACTOR * (12 + HEADERS) - 100 - 2 * HEADERS
    credit.forget()
    assert credit.room() == 0


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/vace/source", "file:/home/you/clip.mp4"),
        ("/vace/source", "camera:0"),
        ("/vace/source", r"file:\\host\share\clip.mp4"),
        ("/vace/mask/source", "/home/you/mask.png"),
        ("/vace/control/source", "ndi:desk"),
        ("/vace/reference", "/home/you/look.png"),
        ("/vace/first", "~/first.png"),
        ("/vace/midi/learn", "/vace/scale"),
    ],
)
def test_another_machine_names_no_file_camera_or_knob_of_this_one_though_it_may_do_the_rest(address: str, value: str):
    stage, far = Stage(allow=NAMED, table=TABLE), Listener(FAR)
    learnt: list[object] = []
    stage.mailbox.listen("/vace/midi/learn", lambda target, when: learnt.append(target))
    before = stage.mailbox.snapshot()
    stage.send(far, address, value)
    [(answer, (about, reason))] = far.told()
    assert (answer, about) == ("/vace/error", address)
    assert address in reason
    assert (stage.mailbox.snapshot(), learnt) == (before, [])
    stage.send(far, "/vace/scale", 0.5)
    assert stage.mailbox.get("/vace/scale") == 0.5
    if "host" not in value:
        here = Listener()
        stage.send(here, address, value)
        assert here.told() == []
        assert stage.mailbox.snapshot() != before or learnt


def test_nobody_subscribes_this_server_to_itself():
    own = Listener(port=9000)
    stage, peer = Stage(own=own), Listener()
    stage.send(peer, "/vace/subscribe", 9000)
    [(_, (about, reason))] = peer.told()
    assert about == "/vace/subscribe"
    assert "where this program listens" in reason
    assert stage.counters.subscribers == 0


@pytest.mark.parametrize(
    ("host", "bound", "own"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("127.0.0.2", "127.0.0.1", False),
        ("0.0.0.0", "0.0.0.0", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("192.0.2.7", "0.0.0.0", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("127.0.0.1", "192.0.2.7", False),
        ("::1", "::1", True),
    ],
)
def test_an_address_is_the_servers_own_if_what_is_sent_there_comes_to_it(host: str, bound: str, own: bool):
    assert reaches(host, bound) == own


def test_the_loopback_is_here_however_it_is_written():
    assert all(map(is_here, ("127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_here, ("", "desk.local", FAR, "fe80::1%3", "0.0.0.0", f"::ffff:{FAR}")))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_server_hears_nothing_from_its_own_address(host: str):
    server = OscServer(TABLE, Mailbox(TABLE), host, 0)
    try:
        # A forged sender's address: the server's own socket sends to itself.
        for _ in range(3):
            server._socket.sendto(packet("/vace/subscribe"), ("127.0.0.1", server.port))
        while server.counters.ignored < 3:
            server._receive()
        server._act()
        assert (server.counters.packets, server.counters.subscribers) == (0, 0)
    finally:
        server.stop()


class Wire(Listener):
    """What one of two programs sends to the other, which is another stage."""

    def __init__(self, port: int) -> None:
        super().__init__(port=port)
        self.carried = 0

    def connect(self, stage: Stage, sender: Callable[[], Wire]) -> None:
        self._stage, self._sender = stage, sender

    def at_port(self, port: int) -> Wire:
        return self

    def deliver(self) -> None:
        packets, self._packets = self._packets, []
        self.carried += len(packets)
        for each in packets:
            self._stage.dispatcher.receive(each, self._sender())
        self._stage.dispatcher.flush()


@pytest.mark.parametrize("allow_normalised", [0, 1])
def test_two_programs_that_are_subscribed_to_each_other_fall_silent(
    allow_normalised: int, monkeypatch: pytest.MonkeyPatch
):
    # So that it is not a limit that ends what would begin again in the next second.
    monkeypatch.setattr(replies, "ERRORS_PER_SECOND", 10**9)
    monkeypatch.setattr(replies, "ANSWERS_PER_SECOND", 10**9)
    status, events = (lambda: ["running", 30.0, 12.5, 240]), (lambda count: [["2026", "", "no memory left", 1, 0]])
    stages = [Stage(status=status, table=TABLE, answers=answers(), events=events) for _ in range(2)]
    wires = [Wire(5000), Wire(5001)]
    wires[0].connect(stages[1], lambda: wires[1])  # what goes to the second comes from the first
    wires[1].connect(stages[0], lambda: wires[0])
    stages[0].send(wires[0], "/vace/subscribe", 0, allow_normalised)
    stages[1].send(wires[1], "/vace/subscribe", 0, allow_normalised)
    stages[0].mailbox.set_all([("/vace/scale", 0.3), ("/vace/seed", 804822466654819), ("/vace/prompt", '"ice"')])
    stages[1].mailbox.set_all([("/vace/scale", 1.7), ("/vace/control", "gray"), ("/vace/reference", ["a.png"])])
    # As if somebody had sent each of them in the other's name what makes a server answer.
    for stage, wire in zip(stages, wires):
        for asked in ("preset/list", "status", "ping", "nothing", "error", "dump", "events", "event"):
            stage.send(wire, f"/vace/{asked}")
        stage.send(wire, "/vace/scale", 99)
        stage.send(wire, "/vace/token", "x")

    def carried() -> int:
        before = sum(wire.carried for wire in wires)
        for _ in range(30):
            for stage in stages:
                stage.pass_by(0.1)
            for _ in range(5):
                for wire in wires:
                    wire.deliver()
        return sum(wire.carried for wire in wires) - before

    assert carried() > 100
    beats = carried()
    assert 0 < beats <= 2 * 3.1 * 2, "nothing but signs of life"
    for _ in range(25):
        beats = carried()
    assert beats == 0, "which are no reason to go on with it"


def answers() -> dict[str, Any]:
    return {"/vace/preset/list": list, "/vace/status": lambda: ["running", 30.0, 12.5, 240]}


COSTLY = ["*a" * 60, "[a-z]*" * 20, "{a,b,}*" * 16, "?*" * 62]


def test_costly_patterns_have_a_bound_for_each_packet_and_the_rest_of_it_is_done():
    stage, peer = Stage(table=TABLE), Listener()
    patterns = [f"/{COSTLY[number % 4]}{number}"[:MAX_PATTERN] for number in range(150)]
    messages = [packet(pattern, 1) for pattern in patterns]
    stage.dispatcher.receive(bundle(*messages, packet("/vace/scale", 0.5), packet("/vace/ping", 7)), peer)
    assert 0 < stage.dispatcher.patterns.limit.done <= STEPS_PER_PACKET
    assert stage.mailbox.get("/vace/scale") == 0.5
    told = peer.told()
    assert told[-1] == ("/vace/pong", [7])
    assert any("too many address patterns" in str(arguments) for _, arguments in told)


def test_costly_patterns_have_a_bound_for_each_second():
    now = 100.0
    search = PatternSearch({row.address: row for row in TABLE}, lambda: now)
    for number in range(500):
        search.begin_packet()
        with pytest.raises(ControlError):
            search.find(f"/{COSTLY[number % 4]}{number}"[:MAX_PATTERN])
    assert STEPS_PER_SECOND / 2 < search.limit.done <= STEPS_PER_SECOND
    now += 1
    search.begin_packet()
    assert search.find("/vace/mask/*")


def test_a_known_pattern_costs_what_it_sets():
    search = PatternSearch({row.address: row for row in TABLE})
    first = len(search.find("/vace/mask/*"))
    done = search.limit.done
    assert len(search.find("/vace/mask/*")) == first
    assert search.limit.done - done == STEPS_PER_CONTROL * first


def test_a_packet_of_cheap_patterns_sets_only_so_many_controls():
    stage, peer = Stage(table=TABLE), Listener()
    stage.dispatcher.receive(bundle(*[packet("/vace/mask/*", 1)] * 2000), peer)
    assert stage.dispatcher.patterns.limit.done <= STEPS_PER_PACKET


def test_only_so_many_patterns_are_remembered():
    now = 100.0
    search = PatternSearch({row.address: row for row in TABLE}, lambda: now)
    for number in range(2 * REMEMBERED):
        now += 1
        search.begin_packet()
        search.find(f"/vace/{{scale,x{number}}}")
    assert len(search._found) == REMEMBERED


def test_limits_of_a_second_and_of_a_packet():
    now = 5.0
    limiter = RateLimiter(10, lambda: now)
    assert limiter.allow(7)
    assert not limiter.allow(4)
    assert limiter.allow(3)
    assert not limiter.allow()
    now = 6.0
    assert limiter.allow(10)
    work = WorkLimit(5, 8, lambda: now)
    assert work.allow(5)
    assert not work.allow(1)
    work.begin_packet()
    assert not work.allow(4)
    assert work.allow(3)
    assert work.done == 8


def test_the_answers_of_the_tests_are_packets():
    assert all(parse(question) for question in QUESTIONS.values())


def test_what_goes_wrong_later_is_told_to_who_set_the_control_and_not_to_who_spoke_since():
    stage, who, other = Stage(table=TABLE), Listener(port=9101), Listener(port=9102)
    stage.send(who, "/vace/record", 1)
    stage.send(other, "/vace/scale", 0.5)
    stage.dispatcher.notify("/vace/record", "the disk is full")
    assert who.told() == [("/vace/error", ["/vace/record", "the disk is full"])]
    assert other.told() == []


def test_a_connection_that_is_gone_is_told_nothing():
    stage, gone, other = Stage(table=TABLE), Listener(port=9101), Listener(port=9102)
    stage.send(gone, "/vace/record", 1)
    stage.send(other, "/vace/scale", 0.5)
    stage.dispatcher.forget(gone)
    stage.dispatcher.notify("/vace/record", "the disk is full")
    assert gone.told() == []
    assert other.told() == [("/vace/error", ["/vace/record", "the disk is full"])]


def test_a_flood_of_refusals_leaves_room_for_what_goes_wrong():
    stage, flood = Stage(table=TABLE), Listener(port=9101)
    for number in range(50):
        stage.send(flood, f"/vace/nothing/{number}", 1)
    flood.told()
    stage.dispatcher.notify("/vace", "the engine died")
    assert flood.told() == [("/vace/error", ["/vace", "the engine died"])]
