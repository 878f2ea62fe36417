"""With packets of two well-known senders, over sockets of this machine."""

import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import sacn
from sacn.messages.data_packet import DataPacket
from stupidArtnet import StupidArtnet

from bridge.control.dmx import receiver
from bridge.control.dmx.packets import Desks, DmxPacket, parse_artnet, parse_sacn
from bridge.control.dmx.receiver import Channel, DmxInput, DmxWanted, Patched, read_patch
from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Control, ControlTable
from bridge.errors import BridgeError
from tests.backend.waiting import wait_for

TABLE = ControlTable(
    [
        Control("/vace/scale", "float", 1.0, "", low=0.0, high=2.0),
        Control("/vace/feather", "float", 4.0, "", low=0.0, high=64.0),
        Control("/vace/control", "choice", "depth", "", choices=("depth", "scribble", "none")),
        Control("/vace/freeze", "bool", False, ""),
        Control("/vace/reset", "trigger", False, ""),
        Control("/vace/prompt", "string", "", ""),
        Control("/vace/go", "int", 0, "", low=0, high=8, event=True),
    ]
)
PATCH = {
    "1": "/vace/scale", "2 + 3": "/vace/feather", "4": "/vace/control", "5": "/vace/freeze", "6": "/vace/reset",
    "7": "/vace/go",
}  # fmt: skip


def patch(folder: Path, content: object = PATCH) -> Path:
    path = folder / "patch.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Mailbox, Patched]:
    mailbox = Mailbox(TABLE)
    return mailbox, Patched(read_patch(patch(tmp_path), TABLE), mailbox)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture(params=["sacn", "artnet"])
def listening(request: pytest.FixtureRequest, desk, told) -> Iterator[tuple[str, DmxInput, Mailbox]]:
    mailbox, patched = desk
    listener = DmxInput(DmxWanted(request.param, 1), patched, told.append, {"sacn": 0, "artnet": 0})
    yield request.param, listener, mailbox
    listener.close()


def send(protocol: str, port: int, slots: list[int]) -> None:
    """A universe by someone else's program; an even number of slots, as Art-Net has it."""
    if protocol == "artnet":
        artnet = StupidArtnet("127.0.0.1", universe=1, packet_size=len(slots), port=port)
        artnet.set(bytearray(slots))
        artnet.show()
        artnet.socket_client.close()
        return
    packet = DataPacket((7,) * 16, "desk", 1, tuple(slots))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bytes(packet.getBytes()), ("127.0.0.1", port))


def test_channels_set_what_they_are_patched_to(listening):
    protocol, listener, mailbox = listening
    went = []
    mailbox.listen("/vace/go", lambda value, _: went.append(value))
    send(protocol, listener.port, [255, 128, 0, 127, 255, 255, 96, 0])
    wait_for(lambda: listener.packets, "the packet")
    assert mailbox.get("/vace/scale") == 2.0
    assert mailbox.get("/vace/feather") == pytest.approx(64 * 128 * 256 / 65535)
    assert mailbox.get("/vace/control") == "scribble"
    assert mailbox.get("/vace/freeze") is True
    assert mailbox.events() == ["/vace/reset"]
    assert went == [3]


def test_a_sender_of_the_library_is_heard_with_its_own_clock_and_numbers(desk, told):
    mailbox, patched = desk
    listener = DmxInput(DmxWanted("sacn", 1), patched, told.append)
    sender = sacn.sACNsender(bind_address="127.0.0.1", bind_port=0, universeDiscovery=False)
    sender.start()
    try:
        sender.activate_output(1)
        output = sender[1]
        assert output is not None
        output.destination = "127.0.0.1"
        for value, scale in ((0, 0.0), (51, 0.4), (255, 2.0)):
            output.dmx_data = (value,)
            wait_for(lambda scale=scale: mailbox.get("/vace/scale") == pytest.approx(scale), str(scale))
    finally:
        sender.stop()
        listener.close()


def test_a_channel_that_stays_leaves_its_control_to_others(desk):
    mailbox, patched = desk
    patched.apply(bytes([255]))
    mailbox.set("/vace/scale", 0.5)
    patched.apply(bytes([255]))
    assert mailbox.get("/vace/scale") == 0.5
    patched.apply(bytes([0]))
    assert mailbox.get("/vace/scale") == 0.0
    assert mailbox.get("/vace/feather") == 4.0, "channels that the desk does not send are left alone"


def test_another_universe_and_damaged_packets_are_left_alone_and_end_nothing(listening):
    protocol, listener, mailbox = listening
    chance = random.Random(5)
    whole = bytes(DataPacket((7,) * 16, "desk", 2, (0,) * 512).getBytes())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for length in (0, 1, 17, 18, 125, 126, 200, len(whole)):
            sender.sendto(whole[:length], ("127.0.0.1", listener.port))
            sender.sendto(chance.randbytes(length), ("127.0.0.1", listener.port))
    send(protocol, listener.port, [51, 0])
    wait_for(lambda: listener.packets, "the good one")
    assert listener.packets == 1
    assert mailbox.get("/vace/scale") == pytest.approx(0.4)


def test_a_desk_that_goes_silent_is_told_once_and_what_it_set_stays(listening, told, monkeypatch: pytest.MonkeyPatch):
    protocol, listener, mailbox = listening
    monkeypatch.setattr(receiver, "SILENT_SECONDS", 0.05)
    send(protocol, listener.port, [51, 0])
    wait_for(lambda: told, "the silence")
    assert "universe 1" in told[0]
    assert mailbox.get("/vace/scale") == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_make_a_parser_fail(seed: int):
    chance = random.Random(seed)
    sound = bytes(DataPacket((7,) * 16, "desk", 1, tuple(range(200))).getBytes())
    artnet = StupidArtnet("127.0.0.1", universe=1, packet_size=200)
    artnet.socket_client.close()
    for whole, parse in ((sound, parse_sacn), (bytes(artnet.packet_header) + bytes(200), parse_artnet)):
        assert parse(whole) is not None
        for _ in range(200):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            packet = parse(bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])]))
            assert packet is None or len(packet.slots) <= 512


def test_previews_and_other_start_codes_are_no_data():
    packet = DataPacket((7,) * 16, "desk", 1, (1, 2, 3))
    for change in ({"option_PreviewData": True}, {"dmxStartCode": 0xDD}):
        for name, value in change.items():
            other = DataPacket((7,) * 16, "desk", 1, (1, 2, 3))
            setattr(other, name, value)
            assert parse_sacn(bytes(other.getBytes())) is None
    assert parse_sacn(bytes(packet.getBytes())) == DmxPacket(1, bytes([1, 2, 3]) + bytes(509), bytes([7] * 16), 100, 0)


def packet(source: bytes, number: int | None = None, priority: int = 100, ends: bool = False) -> DmxPacket:
    return DmxPacket(1, b"", source, priority, number, ends)


def test_of_two_desks_the_higher_priority_counts_and_the_other_after_it_is_gone():
    desks = Desks()
    assert desks.counts(packet(b"a", 1), 0.0)
    assert not desks.counts(packet(b"b", 1), 0.1), "the first of equals"
    assert desks.counts(packet(b"b", 2, priority=150), 0.2)
    assert not desks.counts(packet(b"a", 2), 0.3)
    assert desks.counts(packet(b"a", 3), 3.0), "the other one was silent"
    assert not desks.counts(packet(b"a", 4, ends=True), 3.1)
    assert desks.counts(packet(b"b", 3), 3.2), "it said goodbye"


def test_a_late_packet_is_dropped_and_a_sender_that_begins_anew_is_heard():
    desks = Desks()
    assert [desks.counts(packet(b"a", number), 0.0) for number in (250, 252, 251, 252, 255, 3, 1, 200)] == [
        True, True, False, False, True, True, False, True,
    ]  # fmt: skip
    assert desks.counts(packet(b"a", 199), 9.0), "after a silence"
    assert desks.counts(packet(b"a"), 9.1), "a sender that does not count"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"), ([1], "no channels"), ({}, "no channels"), ({"0": "/vace/scale"}, "1 to 512"),
        ({"513": "/vace/scale"}, "1 to 512"), ({"1+2+3": "/vace/scale"}, "1 to 512"), ({"x": "/vace/scale"}, "'x'"),
        ({"1": "/vace/scael"}, "/vace/scale"), ({"1": 4}, "there is no control"), ({"1": "/vace/prompt"}, "no number"),
    ],
)  # fmt: skip
def test_a_patch_that_makes_no_sense_says_where(tmp_path: Path, content: object, said: str):
    with pytest.raises(BridgeError, match=said):
        read_patch(patch(tmp_path, content), TABLE)


def test_a_patch_may_begin_with_a_byte_order_mark_as_some_editors_write_it(tmp_path: Path):
    path = tmp_path / "patch.json"
    path.write_text('{"1": "/vace/scale"}', encoding="utf-8-sig")
    assert read_patch(path, TABLE) == [Channel((0,), TABLE["/vace/scale"])]


def test_a_patch_that_is_not_there_says_what_it_should_be(tmp_path: Path):
    with pytest.raises(BridgeError, match="name a file like"):
        read_patch(tmp_path / "nothing.json", TABLE)


@pytest.mark.parametrize(("protocol", "universe"), [("sacn", 0), ("sacn", 64000), ("artnet", -1), ("artnet", 32768)])
def test_a_universe_that_cannot_be_is_refused(protocol: receiver.Protocol, universe: int):
    with pytest.raises(BridgeError, match="universe"):
        DmxWanted(protocol, universe)


def test_a_universe_is_named_with_the_address_to_listen_on_or_without():
    assert DmxWanted.parse("sacn", "3") == DmxWanted("sacn", 3, "127.0.0.1")
    assert DmxWanted.parse("artnet", "0@192.168.1.7") == DmxWanted("artnet", 0, "192.168.1.7")
    with pytest.raises(BridgeError, match="UNIVERSE@ADDRESS"):
        DmxWanted.parse("sacn", "one")


def test_an_address_of_another_machine_is_refused(desk):
    with pytest.raises(BridgeError, match="an address of this machine"):
        DmxInput(DmxWanted("artnet", 1, "192.0.2.1"), desk[1], print)


def test_sixteen_bits_are_finer_than_eight():
    channel = Channel((0, 1), TABLE["/vace/scale"])
    assert channel.value(channel.raw(bytes([1, 2])) or 0) == pytest.approx(2 * 258 / 65535)
    assert channel.raw(bytes([1])) is None


def test_a_patch_may_begin_with_a_byte_order_mark_or_be_utf16(tmp_path: Path):
    expected = read_patch(patch(tmp_path), TABLE)
    for encoding in ("utf-8-sig", "utf-16"):
        path = tmp_path / f"{encoding}.json"
        path.write_text(json.dumps(PATCH), encoding=encoding)
        assert read_patch(path, TABLE) == expected


@pytest.mark.faults
def test_a_thread_that_raises_hears_the_desk_afterwards(listening, monkeypatch: pytest.MonkeyPatch):
    protocol, listener, mailbox = listening
    really, left = listener._patched.apply, [2]

    def fail(slots: bytes) -> None:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("a bug")
        really(slots)

    monkeypatch.setattr(listener._patched, "apply", fail)

    def set_at_last() -> bool:
        send(protocol, listener.port, [255, 0])
        return mailbox.get("/vace/scale") == 2.0

    wait_for(set_at_last, "the channel")
    assert sum(thread.faults for thread in listener._threads) == 2
    assert all(thread.is_alive() for thread in listener._threads)


def test_a_socket_that_fails_is_asked_again_after_a_pause_and_noted_once(
    desk, told, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(receiver, "ERROR_SECONDS", 0.005)
    mailbox, patched = desk
    really, calls = receiver._bound, []

    class Failing(socket.socket):
        def recvfrom(self, *size: int):
            calls.append(1)
            if len(calls) <= 20:
                raise OSError("no room")
            return super().recvfrom(*size)

    def bound(host: str, port: int) -> socket.socket:
        found = really(host, port)
        return Failing(found.family, found.type, found.proto, found.detach())

    monkeypatch.setattr(receiver, "_bound", bound)
    listener = DmxInput(DmxWanted("artnet", 1), patched, told.append, {"sacn": 0, "artnet": 0})

    def set_at_last() -> bool:
        send("artnet", listener.port, [255, 0])
        return mailbox.get("/vace/scale") == 2.0

    wait_for(set_at_last, "the channel")
    listener.close()
    assert len([record for record in caplog.records if "no room" in record.message]) == 1
    assert sum(thread.faults for thread in listener._threads) == 0
