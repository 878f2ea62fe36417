"""The OSC server on real sockets, driven by python-osc's client and, where they are installed, by liblo's tools."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import build_msg
from pythonosc.tcp_client import SimpleTCPClient
from pythonosc.udp_client import SimpleUDPClient

from backend.controls.table import TABLE as WHOLE_TABLE
from bridge.control.mailbox import Mailbox
from bridge.control.osc.packets import BUNDLE
from bridge.control.osc.replies import ERRORS_PER_SECOND
from bridge.control.osc.server import OscServer
from bridge.control.parameters import Control, ControlTable
from bridge.errors import BridgeError
from bridge.web.access import network
from tests.backend.waiting import wait_for
from tests.bridge.control.osc.test_packets import bundle

TABLE = ControlTable(
    [
        Control("/vace/prompt", "string", "", "Words.", also=("/vace/fade",)),
        Control("/vace/fade", "float", 0.0, "How long.", low=0.0, high=60.0),
        Control("/vace/scale", "float", 1.0, "How much.", low=0.0, high=2.0),
        Control("/vace/seed", "int", 0, "Noise.", low=0, high=2**31 - 1),
        Control("/vace/freeze", "bool", False, "Hold."),
        Control("/vace/control", "choice", "depth", "What.", choices=("depth", "scribble")),
        Control("/vace/reference", "strings", (), "Pictures."),
        Control("/vace/box", "floats", (0.0, 0.0, 1.0, 1.0), "A box.", low=-1.0, high=2.0, counts=(4,)),
        Control("/vace/panic", "bool", False, "Everything off.", dangerous=True),
        Control("/vace/reset", "trigger", False, "Forget.", dangerous=True),
        Control("/vace/mark", "trigger", False, "Remember."),
        Control("/vace/tick", "int", -1, "A frame.", low=-1, high=2**31 - 1, event=True),
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
        ("/vace/box", [0, 0.25, 0.5, 1], (0.0, 0.25, 0.5, 1.0)),
        ("/vace/box", ["0 0.25 0.5 1"], (0.0, 0.25, 0.5, 1.0)),
        ("/vace/panic", [1], True),
        ("/vace/prompt", [3.0], "3"),
        ("/vace/prompt", ["golden", "spheres", "desert"], "golden spheres desert"),
        ("/vace/prompt", ["golden", "spheres", 2.5], "golden spheres"),
        ("/vace/prompt", ["blade", "runner", "2049"], "blade runner 2049"),
        ("/vace/prompt", ["ice", "2,5"], "ice"),
        ("/vace/prompt", ['"golden', 'spheres"'], "golden spheres"),
        ("/vace/prompt", ['"golden spheres"'], "golden spheres"),
        ("/vace/scale", ["0,5"], 0.5),
        ("/vace/reference", ['"a b.png"', "c.png"], ("a b.png", "c.png")),
    ],
)
def test_a_message_sets_its_control(show: Show, address: str, sent: list[Any], taken: Any):
    assert show.set(address, *sent) == taken


@pytest.mark.parametrize(
    ("address", "sent", "control", "taken"),
    [
        ("/vace/n/scale", 0.25, "/vace/scale", 0.5),
        ("/vace/n/seed", 1.0, "/vace/seed", 2**31 - 1),
        ("/vace/n/freeze", 0.9, "/vace/freeze", True),
        ("/vace/n/control", 1.0, "/vace/control", "scribble"),
    ],
)
def test_a_twin_sets_its_control_and_answers_in_its_own_terms(
    show: Show, address: str, sent: float, control: str, taken: Any
):
    show.send(address, sent)
    [place] = show.ask("/vace/get", address)[1]
    assert show.mailbox.get(control) == taken
    assert place == pytest.approx(sent if control in ("/vace/scale", "/vace/seed") else 1.0)
    assert show.ask(address, "?") == (address, [place])


def test_a_number_is_raised_and_lowered(show: Show):
    show.send("/vace/scale", "+", 0.25)
    show.send("/vace/scale", "-", 0.5)
    show.send("/vace/n/scale", "+", 0.5)
    show.send("/vace/seed", "+", 5)
    assert show.ask("/vace/scale", "?")[1] == [1.75]
    assert show.mailbox.get("/vace/seed") == 5
    assert show.set("/vace/scale", "+", 1000) == 2.0
    assert show.server.counters.refused == 0, "the end of the range is where an encoder stops"


def test_steps_in_one_bundle_add_up(show: Show):
    bundle = OscBundleBuilder(0)  # type: ignore[arg-type]
    for message in (build_msg("/vace/scale", ["-", 0.25]), build_msg("/vace/scale", ["-", 0.25])):
        bundle.add_content(message)
    show.client.send(bundle.build())
    assert show.ask("/vace/scale", "?")[1] == [0.5]


def test_further_arguments_set_what_is_declared_for_them_at_the_same_time(show: Show):
    seen = []
    show.mailbox.listen("/vace/prompt", lambda value, when: seen.append((value, show.mailbox.get("/vace/fade"))))
    show.set("/vace/prompt", "ice", 2.5)
    show.set("/vace/prompt", "snow", 5, "and what nobody asked for")
    assert seen == [("ice", 2.5), ("snow", 5.0)]
    show.send("/vace/prompt", "lava", 99)
    assert show.answer()[1][0] == "/vace/fade"
    assert (show.mailbox.get("/vace/prompt"), show.mailbox.get("/vace/fade")) == ("lava", 60.0)


def test_ticks_are_heard_each_with_its_number_and_in_order_with_values(show: Show):
    heard = []
    show.mailbox.listen("/vace/tick", lambda value, when: heard.append((value, show.mailbox.get("/vace/seed"))))
    for number in range(50):
        show.send("/vace/seed", number)
        show.send("/vace/tick", number)
    show.send("/vace/tick")
    show.settle()
    assert heard == [*((number, number) for number in range(50)), (-1, 49)]


def test_further_addresses_answer_what_they_are_given():
    mailbox = Mailbox(TABLE)
    server = OscServer(TABLE, mailbox, "127.0.0.1", 0, answers={"/vace/list": lambda: ["a", 2]}).start()
    with closing(SimpleUDPClient("127.0.0.1", server.port)) as client:
        assert Show(server, mailbox, client).ask("/vace/list") == ("/vace/list", ["a", 2])
    server.stop()


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
        ("/vace/n/scale", [float("nan")], "number"),
        ("/vace/n/scale", [], "needs a value"),
        ("/vace/n/prompt", [0.5], "no control '/vace/n/prompt'"),
        ("/vace/scale", ["+", float("inf")], "number"),
        ("/vace/scale", ["+"], "number"),
        ("/vace/scale", ["-", "much"], "number"),
        ("/vace/freeze", ["+", 1], "0 or 1"),
        ("/vace/box", [0, 0, 1], "4 numbers"),
        ("/vace/box", [], "4 numbers"),
        ("/vace/box", [0, 0, 1, float("nan")], "4 numbers"),
        ("/vace/n/box", [0, 0, 1, 1], "no control '/vace/n/box'"),
        ("/vace/subscribe", [70000], "0 to 65535"),
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
    assert show.ask("/vace/box", "?") == ("/vace/box", [0.0, 0.0, 1.0, 1.0])
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
    show.send("/vace/n/*", 0.5)
    show.settle()
    values = show.mailbox.snapshot()
    assert (values["/vace/scale"], values["/vace/seed"], values["/vace/panic"]) == (1.0, 2**30, False)
    for wanted in ("/vace/{fade,scale}", "/vace/n/s{cale,eed}"):
        show.send(wanted, "?")
    assert [show.answer()[0] for _ in range(4)] == ["/vace/fade", "/vace/scale", "/vace/n/scale", "/vace/n/seed"]


@pytest.mark.parametrize("seconds", [3600, 2e8, -3600, -1e9])
def test_a_bundle_acts_at_once_and_together_whatever_its_time(show: Show, seconds: float):
    bundle = OscBundleBuilder(time.time() + seconds)  # type: ignore[arg-type]
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


def test_a_host_that_sends_all_its_channels_is_told_now_and_then_and_disturbs_nothing(show: Show):
    for number in range(3000):
        show.send(f"/project1/channel{number}/value", 0.5)
        if number % 100 == 99:
            show.settle()
    assert show.server.counters.refused == 3000
    assert show.set("/vace/scale", 0.5) == 0.5


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


def test_bundles_in_bundles_without_end_are_damage(show: Show):
    packet = build_msg("/vace/scale", 0.5).dgram
    for _ in range(1000):
        packet = BUNDLE + bytes(7) + b"\1" + len(packet).to_bytes(4, "big") + packet
    show.client._sock.sendto(packet, ("127.0.0.1", show.server.port))
    show.settle()
    assert show.server.counters.damaged == 1
    assert show.mailbox.get("/vace/scale") == 1.0


def test_a_flood_loses_no_last_value(show: Show):
    """In lots that fit into the system's buffer; `bench` sends as fast as the clock says."""
    addresses = ["/vace/scale", "/vace/fade", "/vace/n/seed"]
    for lot in range(40):
        for number in range(100):
            for address in addresses:
                show.send(address, (lot + number / 100) / 40)
        show.settle()
    assert show.server.counters.messages == 40 * 301
    last = (39 + 99 / 100) / 40
    assert show.mailbox.get("/vace/scale") == pytest.approx(last)
    assert show.mailbox.get("/vace/fade") == pytest.approx(last)
    assert show.mailbox.get("/vace/seed") == pytest.approx(last * (2**31 - 1), rel=1e-6)


def test_a_subscriber_hears_what_another_program_does(show: Show):
    show.send("/vace/subscribe")
    everything = [show.answer() for _ in show.mailbox.snapshot()]
    assert {address for address, _ in everything} == set(show.mailbox.snapshot())
    other = SimpleUDPClient("127.0.0.1", show.server.port)
    other.send_message("/vace/seed", 7)
    other.close()
    assert show.answer() == ("/vace/seed", [7])
    assert show.server.counters.subscribers == 1
    show.send("/vace/unsubscribe")
    show.settle()
    assert show.server.counters.subscribers == 0


def _own_address() -> str:
    """An address of this machine that is not the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no network")
        return probe.getsockname()[0]


def test_who_is_not_named_is_not_heard_and_counted(caplog: pytest.LogCaptureFixture):
    own = _own_address()
    mailbox = Mailbox(TABLE)
    server = OscServer(TABLE, mailbox, "0.0.0.0", 0, allow=[network("203.0.113.0/24")]).start()
    clients = [SimpleUDPClient(host, server.port) for host in (own, "127.0.0.1")]
    with closing(clients[0]) as stranger, closing(clients[1]) as here:
        stranger.send_message("/vace/scale", 0.5)
        show = Show(server, mailbox, here)
        while not server.counters.ignored:
            show.settle()
    server.stop()
    assert mailbox.get("/vace/scale") == 1.0
    assert [record.message for record in caplog.records] == [
        "OSC listens beyond this machine, on 0.0.0.0, to 203.0.113.0/24"
    ]


def test_listening_to_this_machine_alone_warns_of_nothing(show: Show, caplog: pytest.LogCaptureFixture):
    show.settle()
    assert not caplog.records


def test_it_listens_on_ipv6_too():
    mailbox = Mailbox(TABLE)
    try:
        server = OscServer(TABLE, mailbox, "::1", 0).start()
    except BridgeError as reason:
        pytest.skip(f"this machine has no IPv6: {reason}")
    with closing(SimpleUDPClient("::1", server.port)) as client:
        assert Show(server, mailbox, client).set("/vace/scale", 0.5) == 0.5
    server.stop()


def test_what_goes_wrong_later_is_told_to_the_last_sender(show: Show):
    show.server.notify("/vace/prompt", "nobody to tell yet")
    show.settle()
    show.server.notify("/vace/reference", "there is no file a.png")
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


def test_large_seeds_go_in_and_come_back_whole():
    mailbox = Mailbox(WHOLE_TABLE)
    server = OscServer(WHOLE_TABLE, mailbox, "127.0.0.1", 0).start()
    with closing(SimpleUDPClient("127.0.0.1", server.port)) as client:
        show = Show(server, mailbox, client)
        for sent in (804822466654819, "3698135662", 2**63 - 1, -(2**63), 7):
            show.send("/vace/seed", sent)
            kept = max(int(sent), 0)
            if kept != int(sent):
                assert show.answer()[0] == "/vace/error"
            assert show.ask("/vace/get", "/vace/seed") == ("/vace/seed", [kept])
        address, (about, reason) = show.ask("/vace/seed", -1)
        assert (address, about) == ("/vace/error", "/vace/seed")
        [drawn] = show.ask("/vace/get", "/vace/seed")[1]
        assert f"{drawn} is used" in reason
    server.stop()


def test_text_that_is_no_utf8_is_taken_and_its_sender_is_told_once(show: Show):
    good = build_msg("/vace/scale", 0.25).dgram
    foreign = b"/vace/prompt\0\0\0\0,s\0\0caf\xe9\0\0\0\0"
    show.client._sock.sendto(bundle(foreign, good), ("127.0.0.1", show.server.port))
    show.client._sock.sendto(foreign, ("127.0.0.1", show.server.port))
    [(address, (about, reason))] = show.settle()
    assert (address, about) == ("/vace/error", "/vace/prompt")
    assert "Latin-1" in reason
    values = show.mailbox.snapshot()
    assert (values["/vace/prompt"], values["/vace/scale"]) == ("caf\u00e9", 0.25)
    assert show.server.counters.damaged == 0


def test_a_message_that_cannot_be_read_is_told_to_its_sender_and_takes_no_other_with_it(show: Show):
    good = build_msg("/vace/scale", 0.25).dgram
    show.client._sock.sendto(bundle(b"/vace/seed\0\0,x\0\0", good), ("127.0.0.1", show.server.port))
    address, (about, reason) = show.answer()
    assert (address, about) == ("/vace/error", "/vace/seed")
    assert "type 'x'" in reason
    show.settle()
    assert show.mailbox.get("/vace/scale") == 0.25
    assert (show.server.counters.damaged, show.server.counters.refused) == (1, 1)


def test_a_trigger_is_pressed_by_nil_by_an_impulse_and_by_what_follows_a_colour(show: Show):
    for tags in (b",N\0\0", b",I\0\0", b",r\0\0\xff\0\0\xff"):
        show.client._sock.sendto(b"/vace/mark\0\0" + tags, ("127.0.0.1", show.server.port))
    show.settle()
    assert show.mailbox.events() == ["/vace/mark"] * 3


def test_nobody_subscribes_the_server_to_itself(show: Show):
    address, (about, reason) = show.ask("/vace/subscribe", show.server.port)
    assert (address, about) == ("/vace/error", "/vace/subscribe")
    assert "where this program listens" in reason
    assert show.server.counters.subscribers == 0


def test_a_stranger_who_gives_the_token_is_heard():
    own = _own_address()
    mailbox = Mailbox(TABLE)
    allow = [network("203.0.113.0/24")]
    server = OscServer(TABLE, mailbox, "0.0.0.0", 0, tcp=("0.0.0.0", 0), allow=allow, token="a blue hour").start()
    assert server.tcp is not None
    with closing(SimpleUDPClient(own, server.port)) as stranger:
        show = Show(server, mailbox, stranger)
        stranger.send_message("/vace/scale", 0.5)
        assert show.ask("/vace/token", "a blue hour") == ("/vace/token/accepted", [])
        assert mailbox.get("/vace/scale") == 1.0
        assert show.set("/vace/scale", 0.75) == 0.75
        assert show.set("/vace/panic", 1) is True
    with SimpleTCPClient(own, server.tcp.port, mode="1.0", timeout=ANSWER_SECONDS) as stranger:
        stranger.send_message("/vace/token", "a blue hour")
        assert stranger.get_messages(ANSWER_SECONDS).__next__().address == "/vace/token/accepted"
    server.stop()


def test_another_programs_messages_are_understood(show: Show, oscsend: Callable[..., object]):
    oscsend("/vace/prompt", "s", "a city of coral")
    oscsend("/vace/scale", "i", "2")
    oscsend("/vace/seed", "h", "1234567")
    oscsend("/vace/freeze", "T")
    oscsend("/vace/control", "s", "scribble")
    oscsend("/vace/reference", "ss", "a.png", "b.png")
    oscsend("/vace/box", "ifff", "0", "0.25", "0.5", "1")
    oscsend("/vace/reset", "I")
    oscsend("/vace/prompt", "sd", "a city of coral, at night", "2.5")
    oscsend("/vace/n/scale", "d", "0.75")
    oscsend("/vace/seed", "si", "+", "3")
    show.settle()
    assert show.mailbox.snapshot() == {
        "/vace/prompt": "a city of coral, at night",
        "/vace/fade": 2.5,
        "/vace/scale": 1.5,
        "/vace/seed": 1234570,
        "/vace/freeze": True,
        "/vace/control": "scribble",
        "/vace/reference": ("a.png", "b.png"),
        "/vace/box": (0.0, 0.25, 0.5, 1.0),
        "/vace/panic": False,
    }
    assert show.mailbox.events() == ["/vace/reset"]


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_another_programs_listener_hears_what_changes(show: Show, oscsend: Callable[..., object]):
    program = shutil.which("oscdump")
    if program is None:
        pytest.skip("oscdump is not installed (Debian: liblo-tools)")
    port = _free_port()
    with subprocess.Popen([program, "-L", str(port)], stdout=subprocess.PIPE, text=True) as dump:
        assert dump.stdout is not None
        heard: list[str] = []
        try:
            # It says nothing when it begins to listen, so it is told again until it hears.
            reader = threading.Thread(target=lambda: heard.extend(dump.stdout or ()))
            reader.start()
            while not all(any(f" {address} " in line for line in heard) for address in show.mailbox.snapshot()):
                oscsend("/vace/subscribe", "i", str(port))
                time.sleep(0.1)
            oscsend("/vace/prompt", "s", "a city of coral")
            wait_for(lambda: any('/vace/prompt s "a city of coral"' in line for line in heard), "the prompt")
            show.server.notify("/vace/reference", "there is no file a.png")
            wait_for(lambda: any("/vace/error ss" in line for line in heard), "the error")
        finally:
            dump.kill()
            reader.join()
