"""The OSC server on real sockets, driven by python-osc's client and, where it is installed, by liblo's oscsend."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import build_msg
from pythonosc.udp_client import SimpleUDPClient

from bridge.control.mailbox import Mailbox
from bridge.control.dispatch import ERRORS_PER_SECOND
from bridge.control.osc import OscServer
from bridge.control.packets import BUNDLE
from bridge.control.parameters import Control, ControlTable
from bridge.video.protocol import BridgeError

TABLE = ControlTable(
    [
        Control("/vace/prompt", "string", "", "Words."),
        Control("/vace/scale", "float", 1.0, "How much.", low=0.0, high=2.0),
        Control("/vace/seed", "int", 0, "Noise.", low=0, high=2**31 - 1),
        Control("/vace/freeze", "bool", False, "Hold."),
        Control("/vace/control", "choice", "depth", "What.", choices=("depth", "scribble")),
        Control("/vace/reference", "strings", (), "Pictures."),
        Control("/vace/panic", "bool", False, "Everything off.", dangerous=True),
        Control("/vace/reset", "trigger", False, "Forget.", dangerous=True),
        Control("/vace/mark", "trigger", False, "Remember."),
    ]
)
ANSWER_SECONDS = 5.0
"""Long before an answer counts as not given; a working server takes a thousandth of it."""


class Show:
    """A running server, and a controller that sends to it and hears what comes back."""

    def __init__(self, server: OscServer, mailbox: Mailbox, client: SimpleUDPClient) -> None:
        self.server, self.mailbox, self.client = server, mailbox, client

    def send(self, address: str, *arguments: Any) -> None:
        self.client.send_message(address, arguments)

    def answer(self) -> tuple[str, list[Any]]:
        """The next message that comes back."""
        message = next(iter(self.client.get_messages(ANSWER_SECONDS)), None)
        assert message is not None, "no answer"
        return message.address, message.params

    def ask(self, address: str, *arguments: Any) -> tuple[str, list[Any]]:
        self.send(address, *arguments)
        return self.answer()

    def settle(self) -> list[tuple[str, list[Any]]]:
        """Wait until everything sent so far has been taken: packets of one sender on one machine keep their order.

        Returns what was answered meanwhile.
        """
        pong = ("/vace/pong", [f"settled {random.random()}"])
        self.send("/vace/ping", *pong[1])
        return list(iter(self.answer, pong))

    def set(self, address: str, *arguments: Any) -> Any:
        """Send, and look at what the control then is."""
        self.send(address, *arguments)
        self.settle()
        return self.mailbox.get(address)


@pytest.fixture
def show() -> Iterator[Show]:
    mailbox = Mailbox(TABLE)
    server = OscServer(TABLE, mailbox, "127.0.0.1", 0).start()
    client = SimpleUDPClient("127.0.0.1", server.port)
    yield Show(server, mailbox, client)
    client.close()
    server.stop()


@pytest.mark.parametrize(
    ("address", "sent", "taken"),
    [
        ("/vace/prompt", ["a café of ice"], "a café of ice"),
        ("/vace/prompt", ["snow", 2.5], "snow"),
        ("/vace/prompt", ["two\nlines\x1b"], "two lines"),
        ("/vace/scale", [1], 1.0),
        ("/vace/scale", ["0.5"], 0.5),
        ("/vace/seed", [41.8], 42),
        ("/vace/freeze", [1.0], True),
        ("/vace/freeze", [True], True),
        ("/vace/control", ["Scribble"], "scribble"),
        ("/vace/control", [1], "scribble"),
        ("/vace/reference", ["a.png", "b.png"], ("a.png", "b.png")),
        ("/vace/reference", [["a.png", "b.png"]], ("a.png", "b.png")),
        ("/vace/panic", [1], True),
    ],
)
def test_a_message_sets_its_control(show: Show, address: str, sent: list[Any], taken: Any):
    assert show.set(address, *sent) == taken


def test_no_pictures_is_said_by_no_arguments(show: Show):
    assert show.set("/vace/reference", "a.png") == ("a.png",)
    assert show.set("/vace/reference") == ()


def test_a_trigger_happens_once_a_press(show: Show):
    for value in (1.0, 0.0):
        show.send("/vace/reset", value)
    for _ in range(2):
        show.send("/vace/reset")
    show.settle()
    assert show.mailbox.events() == ["/vace/reset"] * 3


def test_a_value_out_of_range_is_clamped_and_the_sender_is_told(show: Show):
    address, (control, reason) = show.ask("/vace/scale", 7.5)
    assert (address, control) == ("/vace/error", "/vace/scale")
    assert "0 to 2" in reason
    assert "7.5" in reason
    assert show.mailbox.get("/vace/scale") == 2.0
    assert show.server.counters.refused == 1


@pytest.mark.parametrize(
    ("address", "sent", "word"),
    [
        ("/vace/scale", [float("nan")], "number"),
        ("/vace/scale", [float("inf")], "number"),
        ("/vace/scale", ["much"], "number"),
        ("/vace/scale", [], "needs a value"),
        ("/vace/prompt", [], "needs a value"),
        ("/vace/prompt", [b"blob"], "text"),
        ("/vace/control", ["pose"], "depth, scribble"),
        ("/vace/promt", ["ice"], "/vace/prompt"),
        ("/vace/get", [], "needs the address"),
        ("/vace/x*", [1], "no control matches"),
        ("/vace/[x", [1], "brackets"),
    ],
)
def test_what_cannot_be_done_is_told_to_the_sender_and_changes_nothing(
    show: Show, address: str, sent: list[Any], word: str
):
    before = show.mailbox.snapshot()
    answer, (about, reason) = show.ask(address, *sent)
    assert (answer, about) == ("/vace/error", address)
    assert word in reason
    assert show.mailbox.snapshot() == before


def test_a_value_can_be_asked_for(show: Show):
    show.send("/vace/prompt", "ice")
    assert show.ask("/vace/get", "/vace/prompt") == ("/vace/prompt", ["ice"])
    assert show.ask("/vace/scale", "?") == ("/vace/scale", [1.0])
    assert show.ask("/vace/get", "/vace/freeze") == ("/vace/freeze", [0])
    assert show.ask("/vace/get", "/vace/nothing")[0] == "/vace/error"
    assert show.ask("/vace/get", "/vace/reset")[0] == "/vace/error"


def test_a_dump_is_every_value(show: Show):
    show.send("/vace/dump")
    said = dict(show.answer() for _ in show.mailbox.snapshot())
    assert set(said) == set(show.mailbox.snapshot())
    assert said["/vace/scale"] == [1.0]
    assert said["/vace/reference"] == []


def test_a_ping_is_answered_with_its_token(show: Show):
    assert show.ask("/vace/ping") == ("/vace/pong", [])
    assert show.ask("/vace/ping", 17) == ("/vace/pong", [17])
    assert show.ask("/vace/ping", "x" * 1000) == ("/vace/pong", ["x" * 256])


def test_a_pattern_reaches_what_it_means_but_nothing_dangerous(show: Show):
    show.send("/vace/{scale,freeze}", 1.5)
    show.send("/vace/*", 1)
    show.settle()
    values = show.mailbox.snapshot()
    assert (values["/vace/scale"], values["/vace/freeze"], values["/vace/seed"]) == (1.0, True, 1)
    assert values["/vace/panic"] is False
    assert show.mailbox.events() == ["/vace/mark"]


def test_a_bundle_acts_at_once_and_together_whatever_its_time(show: Show):
    bundle = OscBundleBuilder(time.time() + 3600)  # type: ignore[arg-type]
    for message in (build_msg("/vace/prompt", "ice"), build_msg("/vace/scale", 9), build_msg("/vace/seed", 3)):
        bundle.add_content(message)
    show.client.send(bundle.build())
    address, (about, _) = show.answer()
    assert (address, about) == ("/vace/error", "/vace/scale")
    values = show.mailbox.snapshot()
    assert (values["/vace/prompt"], values["/vace/scale"], values["/vace/seed"]) == ("ice", 2.0, 3)


def test_a_flood_of_mistakes_gets_few_errors_back_and_takes_no_answer_from_others(show: Show):
    for _ in range(ERRORS_PER_SECOND * 5):
        show.send("/vace/scale", 7)
    other = SimpleUDPClient("127.0.0.1", show.server.port)
    assert Show(show.server, show.mailbox, other).ask("/vace/ping", 1) == ("/vace/pong", [1])
    other.close()
    errors = show.settle()
    assert show.server.counters.refused == ERRORS_PER_SECOND * 5
    assert 0 < len(errors) <= ERRORS_PER_SECOND * 2  # as the flood may have reached into another second


def test_damaged_packets_are_counted_and_the_next_whole_one_is_taken(show: Show):
    generator = random.Random(7)
    whole = [
        build_msg("/vace/prompt", "ice é").dgram,
        build_msg("/vace/scale", 0.25).dgram,
        BUNDLE + bytes(7) + b"\1" + bytes(3) + b"\x18" + build_msg("/vace/seed", 5).dgram.ljust(24, b"\0"),
    ]
    for number in range(600):
        packet = bytearray(generator.choice(whole))
        for _ in range(generator.randint(1, 6)):
            packet[generator.randrange(len(packet))] = generator.randrange(256)
        show.client._sock.sendto(bytes(packet), ("127.0.0.1", show.server.port))
        if number % 100 == 99:
            show.settle()
    assert show.server.counters.damaged > 50
    assert show.set("/vace/prompt", "still here") == "still here"


def test_what_goes_wrong_later_is_told_to_the_last_sender(show: Show):
    show.server.tell("/vace/prompt", "nobody to tell yet")
    show.settle()
    show.server.tell("/vace/reference", "there is no file a.png")
    assert show.answer() == ("/vace/error", ["/vace/reference", "there is no file a.png"])


def test_a_port_in_use_is_named(show: Show):
    with pytest.raises(BridgeError, match=rf"127\.0\.0\.1:{show.server.port}.*another port"):
        OscServer(TABLE, show.mailbox, "127.0.0.1", show.server.port)
    with pytest.raises(BridgeError, match="99999"):
        OscServer(TABLE, show.mailbox, "127.0.0.1", 99999)


def test_a_server_that_stopped_gives_its_port_back():
    mailbox = Mailbox(TABLE)
    server = OscServer(TABLE, mailbox, "127.0.0.1", 0).start()
    server.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", server.port))
    OscServer(TABLE, mailbox, "127.0.0.1", 0).stop()  # never started


@pytest.fixture
def oscsend(show: Show) -> Callable[..., object]:
    program = shutil.which("oscsend")
    if program is None:
        pytest.skip("oscsend is not installed (Debian: liblo-tools)")
    return lambda *words: subprocess.run([program, "127.0.0.1", str(show.server.port), *words], check=True)


def test_another_programs_messages_are_understood(show: Show, oscsend: Callable[..., object]):
    oscsend("/vace/prompt", "s", "a city of coral")
    oscsend("/vace/scale", "i", "2")
    oscsend("/vace/seed", "h", "1234567")
    oscsend("/vace/freeze", "T")
    oscsend("/vace/control", "s", "scribble")
    oscsend("/vace/reference", "ss", "a.png", "b.png")
    oscsend("/vace/reset", "I")
    oscsend("/vace/prompt", "sd", "a city of coral, at night", "2.5")
    show.settle()
    assert show.mailbox.snapshot() == {
        "/vace/prompt": "a city of coral, at night",
        "/vace/scale": 2.0,
        "/vace/seed": 1234567,
        "/vace/freeze": True,
        "/vace/control": "scribble",
        "/vace/reference": ("a.png", "b.png"),
        "/vace/panic": False,
    }
    assert show.mailbox.events() == ["/vace/reset"]
