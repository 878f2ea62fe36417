"""The OSCQuery server over real sockets: plain HTTP, a WebSocket client, a client library by others, and real OSC."""

from __future__ import annotations

import http.client
import ipaddress
import json
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg
from pythonosc.udp_client import SimpleUDPClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bridge import threads
from bridge.control.mailbox import Mailbox
from bridge.control.osc.server import OscServer
from bridge.control.oscquery.server import OscQueryServer, refusal
from bridge.control.oscquery.tree import Tree
from bridge.errors import BridgeError
from bridge.web.token import Token
from tests.bridge.control.every_type import EVERY_TYPE

WAIT_SECONDS = 10.0
"""Long before something that does not come counts as not coming."""


class Show:
    """Both servers of a running show, and what it holds."""

    def __init__(self, token: Token | None = None) -> None:
        self.mailbox = Mailbox(EVERY_TYPE)
        self.osc = OscServer(EVERY_TYPE, self.mailbox, "127.0.0.1", 0).start()
        osc = ("127.0.0.1", self.osc.port)
        self.query = OscQueryServer(EVERY_TYPE, self.mailbox, osc, port=0, token=token).start()

    def close(self) -> None:
        self.query.stop()
        self.osc.stop()

    def ask(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, Any, Any]:
        """Status, headers and body of a request; the body parsed if it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.query.port, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read()
            is_json = bool(body) and answer.headers.get_content_type() == "application/json"
            return answer.status, answer.headers, json.loads(body) if is_json else body.decode()
        finally:
            connection.close()

    @contextmanager
    def client(self, query: str = "", **options: Any) -> Iterator[Client]:
        with connect(f"ws://127.0.0.1:{self.query.port}/{query}", proxy=None, **options) as connection:
            yield Client(connection)


class Client:
    """A WebSocket client that listens to some addresses."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def command(self, command: str, address: str) -> None:
        self.connection.send(json.dumps({"COMMAND": command, "DATA": address}))

    def listen(self, *addresses: str) -> list[tuple[str, list[Any]]]:
        for address in addresses:
            self.command("LISTEN", address)
        return [self.hear() for _ in addresses]

    def hear(self) -> tuple[str, list[Any]]:
        """The next message, which must be binary."""
        packet = self.connection.recv(timeout=WAIT_SECONDS)
        assert isinstance(packet, bytes)
        message = OscMessage(packet)
        return message.address, message.params

    def hears_nothing(self) -> bool:
        """Whether nothing is on its way: what is listened to last comes first."""
        heard = self.listen("/vace/prompt/2")
        return heard == [("/vace/prompt/2", ["ice"])]

    def set(self, address: str, *arguments: Any) -> None:
        self.connection.send(build_msg(address, list(arguments)).dgram)


@pytest.fixture
def show() -> Iterator[Show]:
    show = Show()
    yield show
    show.close()


def test_the_whole_tree_is_one_request(show: Show):
    status, headers, body = show.ask("/")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert body == Tree(EVERY_TYPE).describe("/", show.mailbox.snapshot())


def test_values_are_the_present_ones(show: Show):
    show.mailbox.set("/vace/scale", 0.5)
    assert show.ask("/vace/scale?VALUE")[2] == {"VALUE": [0.5]}
    assert show.ask("/vace/scale")[2]["VALUE"] == [0.5]


def test_host_info_says_where_osc_and_the_websocket_are(show: Show):
    for path in ("/?HOST_INFO", "/vace/scale?HOST_INFO", "/nothing?HOST_INFO"):
        status, _, info = show.ask(path)
        assert status == 200
        assert info["NAME"] == "VACE Live"
        assert (info["OSC_IP"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == ("127.0.0.1", show.osc.port, "UDP")
        assert info["WS_PORT"] == show.query.port
        assert info["EXTENSIONS"]["LISTEN"] is True


def test_without_an_osc_server_none_is_told_of():
    query = OscQueryServer(EVERY_TYPE, Mailbox(EVERY_TYPE), None, port=0).start()
    with connect(f"ws://127.0.0.1:{query.port}", proxy=None):
        pass
    connection = http.client.HTTPConnection("127.0.0.1", query.port, timeout=WAIT_SECONDS)
    connection.request("GET", "/?HOST_INFO")
    info = json.loads(connection.getresponse().read())
    connection.close()
    assert list(query.services()) == ["_oscjson._tcp"]
    query.stop()
    assert not {"OSC_IP", "OSC_PORT", "OSC_TRANSPORT"} & set(info)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/vace/nothing", 404, "there is no /vace/nothing"),
        ("/vace/scale?GABBA", 400, "there is no attribute GABBA"),
        ("/vace/scale?VALUE&RANGE", 400, "there is no attribute VALUE&RANGE"),
        ("/vace/reset?VALUE", 204, ""),
        ("/vace/scale?OVERLOADS", 204, ""),
        ("/" + "x/" * 2000, 404, "there is no"),
        ("/vace/%00%ff", 404, "there is no"),
    ],
)
def test_what_cannot_be_told_has_the_status_of_the_proposal(show: Show, path: str, status: int, told: str):
    got, _, body = show.ask(path)
    assert got == status
    assert body.startswith(told)
    assert len(body) < 300


def test_only_get_is_answered(show: Show):
    assert show.ask("/vace/scale", method="HEAD")[0] == 200
    assert show.ask("/vace/scale", method="POST")[0] == 405


def test_a_client_hears_what_osc_sets(show: Show):
    controller = SimpleUDPClient("127.0.0.1", show.osc.port)
    with show.client() as client:
        assert client.listen("/vace/scale") == [("/vace/scale", [1.0])]
        controller.send_message("/vace/scale", 0.25)
        assert client.hear() == ("/vace/scale", [0.25])
    controller.close()


@pytest.mark.skipif(shutil.which("oscsend") is None, reason="liblo's oscsend is not installed")
def test_a_client_hears_what_oscsend_sets(show: Show):
    with show.client() as client:
        client.listen("/vace/freeze", "/vace/control")
        for arguments in (["/vace/freeze", "T"], ["/vace/control", "s", "scribble"]):
            subprocess.run(["oscsend", "127.0.0.1", str(show.osc.port), *arguments], check=True)
        assert {client.hear()[0]: None for _ in range(2)} == {"/vace/freeze": None, "/vace/control": None}
    assert show.mailbox.get("/vace/control") == "scribble"


def test_every_control_that_holds_a_value_can_be_listened_to_as_its_type_says(show: Show):
    with show.client() as client:
        for row in EVERY_TYPE:
            if not row.holds:
                continue
            client.command("LISTEN", row.address)
            packet = client.connection.recv(timeout=WAIT_SECONDS)
            assert isinstance(packet, bytes)
            address, tags = packet.split(b"\0")[0], packet[packet.index(b",") + 1 :].split(b"\0")[0].decode()
            assert address.decode() == row.address
            told = show.ask(row.address)[2]
            # A switch is of type T whichever it is; its OSC tag is T or F. No texts are no arguments.
            assert tags.replace("F", "T") == (told["TYPE"] if told["VALUE"] else "")
            assert OscMessage(packet).params == told["VALUE"]


def test_only_what_is_listened_to_is_heard_and_no_longer_than_that(show: Show):
    with show.client() as client:
        client.listen("/vace/scale", "/vace/seed")
        show.mailbox.set("/vace/freeze", True)
        show.mailbox.set("/vace/seed", 7)
        assert client.hear() == ("/vace/seed", [7])
        client.command("IGNORE", "/vace/seed")
        client.command("IGNORE", "/vace/prompt")  # never listened to
        show.ask("/")
        assert client.hears_nothing()
        show.mailbox.set("/vace/seed", 8)
        show.mailbox.set("/vace/scale", 0.5)
        assert client.hear() == ("/vace/scale", [0.5])


def test_a_client_sets_values_and_others_hear_of_it_but_not_itself(show: Show):
    with show.client() as mine, show.client() as other:
        mine.listen("/vace/scale", "/vace/freeze")
        other.listen("/vace/scale", "/vace/freeze")
        mine.set("/vace/scale", 0.5)
        assert other.hear() == ("/vace/scale", [0.5])
        mine.set("/vace/freeze", True)
        assert other.hear() == ("/vace/freeze", [True])
        assert mine.hears_nothing()
    assert show.mailbox.get("/vace/scale") == 0.5
    change = show.mailbox.since(0)["/vace/scale"]
    assert str(change.origin).startswith("('ws', '127.0.0.1', ")


def test_a_client_hears_what_became_of_a_value_that_was_not_taken_as_it_came(show: Show):
    with show.client() as client:
        client.listen("/vace/scale", "/vace/control", "/vace/tempo/beats")
        client.set("/vace/scale", 7.0)
        heard = dict(client.hear() for _ in range(2))
        assert heard["/vace/scale"] == [2.0]
        assert "/vace/scale takes 0 to 2" in heard["/vace/error"][1]
        client.set("/vace/control", 1)
        assert client.hear() == ("/vace/control", ["scribble"])
        client.set("/vace/tempo/beats", 2.6)
        assert client.hear() == ("/vace/tempo/beats", [3])
        client.set("/vace/control", "nonesuch")
        heard = dict(client.hear() for _ in range(2))
        assert heard["/vace/control"] == ["scribble"]


def test_a_trigger_and_an_event_are_set_but_have_nothing_to_listen_to(show: Show):
    heard: list[Any] = []
    show.mailbox.listen("/vace/prompt/go", lambda value, when: heard.append(value))
    with show.client() as client:
        client.command("LISTEN", "/vace/reset")
        client.command("LISTEN", "/vace/prompt/go")
        client.set("/vace/reset")
        client.set("/vace/prompt/go", 2)
        client.connection.send(b"/vace/reset\0,N\0\0")
        assert client.hears_nothing()
    assert show.mailbox.events() == ["/vace/reset"] * 2
    assert heard == [2]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("no JSON", "LISTEN and IGNORE are understood"),
        ("[]", "LISTEN and IGNORE are understood"),
        ('{"COMMAND": "PATH_ADDED", "DATA": "/vace/scale"}', "LISTEN and IGNORE are understood"),
        ('{"COMMAND": "LISTEN", "DATA": 3}', "LISTEN and IGNORE are understood"),
        ('{"COMMAND": ["LISTEN"], "DATA": "/vace/scale"}', "LISTEN and IGNORE are understood"),
        ('{"COMMAND": "LISTEN"}', "LISTEN and IGNORE are understood"),
        ("[" * 20000, "LISTEN and IGNORE are understood"),
        ('{"COMMAND": "LISTEN", "DATA": "/vace"}', "there is no control '/vace'"),
        ('{"COMMAND": "LISTEN", "DATA": "/vace/scael"}', "did you mean /vace/scale"),
        (b"/vace/gone\0\0,f\0\0\0\0\0\0", "there is no control '/vace/gone'"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_harms_nothing(show: Show, message: str | bytes, told: str):
    before = show.mailbox.snapshot()
    with show.client() as client:
        client.connection.send(message)
        address, (_, reason) = client.hear()
        assert address == "/vace/error"
        assert told in reason
        assert client.hears_nothing()
    assert show.mailbox.snapshot() == before


@pytest.mark.parametrize("packet", [b"", b"/vace/scale", b"#bundle\0", b"\0" * 5000])
def test_a_damaged_packet_harms_nothing(show: Show, packet: bytes):
    with show.client() as client:
        client.connection.send(packet)
        client.set("/vace/scale", 0.5)
        assert client.listen("/vace/scale") == [("/vace/scale", [0.5])]


def test_a_client_may_ask_and_set_in_every_way_that_osc_has(show: Show):
    with show.client() as client:
        client.set("/vace/get", "/vace/scale")
        assert client.hear() == ("/vace/scale", [1.0])
        client.set("/vace/n/scale", 0.25)
        client.set("/vace/scale", "+", 0.25)
        client.set("/vace/ping", "here")
        assert client.hear() == ("/vace/pong", ["here"])
        client.listen("/vace/seed")
        client.set("/vace/temp*/beats", 7)
        assert client.listen("/vace/tempo/beats") == [("/vace/tempo/beats", [7])]
    assert show.mailbox.get("/vace/scale") == 0.75


def test_a_network_that_is_not_named_is_turned_away():
    allowed = (ipaddress.ip_network("203.0.113.0/24"),)
    query = OscQueryServer(EVERY_TYPE, Mailbox(EVERY_TYPE), None, "0.0.0.0", 0, allowed).start()
    here = own_address()
    for host, status in (("127.0.0.1", 200), (here, 403)):
        connection = http.client.HTTPConnection(host, query.port, timeout=WAIT_SECONDS)
        connection.request("GET", "/vace/scale")
        assert connection.getresponse().status == status
        connection.close()
    query.stop()


def own_address() -> str:
    """An address of this machine on a network; skips the test if it is on none."""
    found = [one.address for many in psutil.net_if_addrs().values() for one in many if one.family == socket.AF_INET]
    outer = [address for address in found if not address.startswith("127.")]
    if not outer:
        pytest.skip("this machine is on no network")
    return outer[0]


def test_a_flood_of_nonsense_is_not_answered_by_a_flood(show: Show):
    with show.client() as client:
        for _ in range(500):
            client.connection.send("nonsense")
        client.command("LISTEN", "/vace/scale")
        answers = iter(client.hear, ("/vace/scale", [1.0]))
        assert sum(1 for _ in answers) < 400


def test_clients_that_vanish_while_they_are_told_leave_no_trouble(show: Show, caplog: pytest.LogCaptureFixture):
    for number in range(8):
        with show.client(close_timeout=0) as client:
            client.listen("/vace/seed", "/vace/prompt")
            show.mailbox.set_all([("/vace/seed", number + 1), ("/vace/prompt", f"{number}")])
            # Gone at once, as when a cable is pulled and the system gives up.
            client.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.connection.socket.shutdown(socket.SHUT_RDWR)
    with show.client() as client:
        assert client.listen("/vace/seed") == [("/vace/seed", [8])]
    show.close()
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_many_clients_hear_the_same(show: Show):
    heard: list[list[Any]] = []
    ready = threading.Barrier(21)

    def one() -> None:
        with show.client() as client:
            client.listen("/vace/seed")
            ready.wait(WAIT_SECONDS)
            heard.append(client.hear()[1])

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    ready.wait(WAIT_SECONDS)
    show.mailbox.set("/vace/seed", 99)
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert heard == [[99]] * 20


def test_a_client_by_others_browses_and_reads_the_tree(show: Show):
    """python-oscquery; it takes an address for a container or a value, and no address for a trigger."""
    from pythonoscquery.osc_query_client import OSCQueryClient
    from pythonoscquery.shared.osc_access import OSCAccess
    from zeroconf import ServiceInfo

    at = ServiceInfo(
        "_oscjson._tcp.local.", "x._oscjson._tcp.local.", show.query.port, parsed_addresses=["127.0.0.1"]
    )  # fmt: skip
    client = OSCQueryClient(at)
    info = client.get_host_info()
    assert info is not None
    assert (info.name, info.osc_ip, info.osc_port) == ("VACE Live", "127.0.0.1", show.osc.port)
    mask = client.query_node("/vace/mask")
    assert mask is not None
    found = {node.full_path: node for node in mask.contents}
    assert list(found) == [row.address for row in EVERY_TYPE if row.address.startswith("/vace/mask/")]
    feather = found["/vace/mask/feather"]
    assert (feather.access, feather.value, feather.description) == (OSCAccess.READWRITE_VALUE, [4.0], "Softness.")
    show.mailbox.set("/vace/freeze", True)
    freeze = client.query_node("/vace/freeze")
    assert freeze is not None
    assert freeze.value == [True]
    assert client.query_node("/vace/nothing") is None


def test_a_page_of_this_machine_may_read_and_a_page_of_the_web_may_not(show: Show):
    status, headers, _ = show.ask("/vace/scale", {"Origin": "http://localhost:8000"})
    assert (status, headers["access-control-allow-origin"]) == (200, "http://localhost:8000")
    status, headers, body = show.ask("/vace/scale", {"Origin": "https://evil.example"})
    assert (status, headers["access-control-allow-origin"]) == (403, None)
    assert "a page of 'https://evil.example' may not use the controls" in body
    status, headers, _ = show.ask("/vace/scale")
    assert (status, headers["access-control-allow-origin"]) == (200, None)


def test_a_page_of_the_web_gets_no_websocket(show: Show):
    with pytest.raises(InvalidStatus, match="403"), show.client(origin="https://evil.example"):
        pass
    with show.client(origin="http://127.0.0.1:8080") as client:
        assert client.listen("/vace/scale") == [("/vace/scale", [1.0])]


def test_a_foreign_name_for_this_machine_is_refused(show: Show):
    assert show.ask("/", {"Host": "evil.example"})[0] == 403


@pytest.mark.parametrize(
    ("named", "origin", "bound", "welcome"),
    [
        ("127.0.0.1:9001", None, "127.0.0.1", True),
        ("localhost:9001", "http://localhost", "localhost", True),
        ("[::1]:9001", None, "::1", True),
        ("127.0.0.1:9001", "null", "127.0.0.1", False),
        ("127.0.0.1:9001", "", "127.0.0.1", False),
        ("127.0.0.1:9001", "http://[", "127.0.0.1", False),
        ("127.0.0.1:9001", "http://127.0.0.1.evil.example", "127.0.0.1", False),
        ("127.0.0.1:9001", "http://192.168.1.9", "127.0.0.1", False),
        ("192.168.1.20:9001", None, "127.0.0.1", False),
        ("", None, "127.0.0.1", False),
        ("192.168.1.20:9001", None, "0.0.0.0", True),
        ("desk.local:9001", "http://192.168.1.9:3000", "0.0.0.0", True),
        ("desk:9001", None, "192.168.1.20", True),
        ("203.0.113.7:9001", None, "203.0.113.7", True),
        ("evil.example:9001", None, "0.0.0.0", False),
        ("192.168.1.20:9001", "http://evil.example", "0.0.0.0", False),
        ("", None, "0.0.0.0", False),
    ],
)
def test_who_is_welcome_depends_on_where_is_listened(named: str, origin: str | None, bound: str, welcome: bool):
    assert (refusal(named, origin, bound) is None) == welcome


def test_a_server_for_the_network_names_the_address_that_the_client_has_reached():
    query = OscQueryServer(EVERY_TYPE, Mailbox(EVERY_TYPE), ("0.0.0.0", 9000), "0.0.0.0", 0).start()
    connection = http.client.HTTPConnection("127.0.0.1", query.port, timeout=WAIT_SECONDS)
    connection.request("GET", "/?HOST_INFO")
    assert json.loads(connection.getresponse().read())["OSC_IP"] == "127.0.0.1"
    connection.close()
    query.stop()


def test_a_taken_port_is_said_with_what_to_do(show: Show):
    with pytest.raises(BridgeError, match=r"OSCQuery cannot listen on .* --oscquery off"):
        OscQueryServer(EVERY_TYPE, show.mailbox, None, port=show.query.port).start()
    with pytest.raises(BridgeError, match=r"OSCQuery cannot listen on 192\.0\.2\.123"):
        OscQueryServer(EVERY_TYPE, show.mailbox, None, "192.0.2.123", 0).start()


def test_stopping_closes_clients_and_the_port(show: Show):
    with show.client() as client:
        client.listen("/vace/scale")
        show.query.stop()
        show.query.stop()
        with pytest.raises(ConnectionClosed):
            client.connection.recv(timeout=WAIT_SECONDS)
    free = socket.socket()
    free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    free.bind(("127.0.0.1", urlsplit(show.query.url).port or 0))
    free.close()


ELSEWHERE = {"X-Forwarded-For": "192.168.7.9"}
"""As a proxy on this machine says that it asks for another."""


def test_another_machine_needs_the_token():
    token = Token("sesame-sesame")
    show = Show(token)
    try:
        assert show.ask("/vace/scale?VALUE", ELSEWHERE)[0] == 401
        assert show.ask("/vace/scale?VALUE&token=wrong-wrong", ELSEWHERE)[0] == 401
        assert show.ask(f"/vace/scale?VALUE&token={token.text}", ELSEWHERE)[2] == {"VALUE": [1.0]}
        assert show.ask(f"/vace/scale?token={token.text}", ELSEWHERE)[2]["FULL_PATH"] == "/vace/scale"
        assert show.ask("/vace/scale?VALUE")[2] == {"VALUE": [1.0]}
        with pytest.raises(InvalidStatus, match="403"), show.client(additional_headers=ELSEWHERE):
            pass
        with show.client(f"?token={token.text}", additional_headers=ELSEWHERE) as client:
            client.set("/vace/scale", 0.5)
            assert client.listen("/vace/scale") == [("/vace/scale", [0.5])]
    finally:
        show.close()


def test_without_a_token_other_machines_are_kept_out(show: Show):
    assert show.ask("/vace/scale", ELSEWHERE)[0] == 403
    assert show.ask("/vace/scale?token=", ELSEWHERE)[0] == 403


def test_another_machine_does_not_set_what_is_dangerous_though_it_knows_the_token():
    token = Token("sesame-sesame")
    show = Show(token)
    dangerous = next(row for row in EVERY_TYPE if row.dangerous)
    try:
        with show.client(f"?token={token.text}", additional_headers=ELSEWHERE) as client:
            client.set(dangerous.address, 1)
            address, (at, reason) = client.hear()
            assert (address, at) == ("/vace/error", dangerous.address)
            assert "192.168.7.9" in reason
    finally:
        show.close()
    assert show.mailbox.events() == []


@pytest.mark.faults
def test_an_error_in_an_answer_ends_that_request_alone(show: Show, monkeypatch: pytest.MonkeyPatch, caplog):
    monkeypatch.setattr(threads, "_logged", set())
    with show.client() as client:
        client.listen("/vace/scale")
        monkeypatch.setattr(Tree, "describe", lambda *_: 1 / 0)
        assert [show.ask("/vace/scale")[0] for _ in range(3)] == [500] * 3
        client.set("/vace/scale", 0.5)
        assert client.hears_nothing()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.faults
def test_a_value_whose_listener_fails_is_told_to_its_sender_who_stays(show: Show, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(threads, "_logged", set())
    show.mailbox.listen("/vace/seed", fail)
    with show.client() as client:
        for value in (7, 8):
            client.set("/vace/seed", value)
            address, (_, reason) = client.hear()
            assert address == "/vace/error"
            assert "the disk is full" in reason
        assert client.hears_nothing()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
