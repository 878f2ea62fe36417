"""The hostile OSC of the soak: it is what it says, it finds what stops answering, and nothing of ours does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from backend.controls.table import TABLE
from backend.measure.soak import fuzz_osc as module
from backend.measure.soak.fuzz_osc import DANGEROUS, PING_EVERY, PacketMaker, fuzz_decoder, fuzz_osc
from bridge.control.mailbox import Mailbox
from bridge.control.osc.packets import DamagedPacket, parse
from bridge.control.osc.server import OscServer


@pytest.fixture
def server() -> Iterator[OscServer]:
    server = OscServer(TABLE, Mailbox(TABLE), "127.0.0.1", 0, tcp=("127.0.0.1", 0)).start()
    yield server
    server.stop()


def test_the_same_seed_makes_the_same_packets_and_another_one_others():
    made = [[PacketMaker(seed).packet() for _ in range(1)] + [PacketMaker(seed).stream()] for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_packets_are_whole_damaged_and_strange():
    maker, kinds = PacketMaker(3), set()
    for _ in range(2000):
        try:
            messages = parse(maker.packet())
        except DamagedPacket:
            kinds.add("damaged")
            continue
        kinds |= {"bundle" if len(messages) > 1 else "message"}
        kinds |= {"unreadable" for message in messages if message.fault}
        kinds |= {"foreign text" for message in messages if message.read_as}
        kinds |= {"pattern" for message in messages if "*" in message.address}
    assert kinds == {"damaged", "bundle", "message", "unreadable", "foreign text", "pattern"}


def test_nothing_that_is_decoded_raises_anything_but_damage():
    assert 1000 < fuzz_decoder(3000, 5) < 3000


def test_a_fault_of_the_decoder_is_not_hidden(monkeypatch: pytest.MonkeyPatch):
    def fail(_: bytes) -> None:
        raise IndexError("a bug")

    monkeypatch.setattr(module, "parse", fail)
    with pytest.raises(IndexError):
        fuzz_decoder(1, 5)


def test_a_server_answers_all_along(server: OscServer):
    assert server.tcp is not None
    report = fuzz_osc("127.0.0.1", server.port, 3000, 7, server.tcp.port)
    assert (report.packets, report.connections, report.pings, report.lost) == (3000, 15, 15, [])
    assert (server.counters.faults, server._thread.faults) == (0, 0)
    assert server.counters.packets > 1000
    mailbox = server._dispatcher._mailbox
    assert all(mailbox.get(address) == TABLE[address].default for address in DANGEROUS if TABLE[address].holds)


def test_a_program_that_stops_answering_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))
        report = fuzz_osc("127.0.0.1", silent.getsockname()[1], 3000, 7)
    assert report.lost == [PING_EVERY]
