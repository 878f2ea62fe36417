"""Hostile OSC, at random from a seed: against the decoder in this process, and against a running program.

What is sent is made of what OSC has (addresses, patterns, types, bundles) and then damaged, as noise alone is turned
away at the door.
"""

from __future__ import annotations

import argparse
import random
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

from bridge.control.osc.framing import DamagedStream, framing_of
from bridge.control.osc.packets import BUNDLE, NUMBERS, DamagedPacket, Message, parse
from bridge.control.osc.patterns import Pattern, is_pattern
from bridge.control.osc.peers import encode

from ...controls.table import TABLE

PING_EVERY = 200
"""Packets between two questions whether the program still answers."""
PATIENCE = 10.0
"""Seconds for an answer; it is asked again meanwhile, as UDP may lose a question."""
ASK_SECONDS = 0.25
LARGEST = 2048
"""Bytes of a text, mostly; now and then one is as large as a packet may be."""
ASKED = (
    "ping", "get", "dump", "status", "subscribe", "unsubscribe", "token", "preset/list", "events",
    "error", "pong", "event",
)  # fmt: skip
ADDRESSES = (*(row.address for row in TABLE), *(f"/vace/{word}" for word in ASKED), "/vace/n/scale", "/", "/vace/")
DANGEROUS = {row.address for row in TABLE if row.dangerous}
TEXTS = (
    "", "?", "+", "-", "0,5", '"ice"', "-1", "1e400", "nan", "\0", "é" * 40, "../../etc/passwd", "//host/share/a.png",
    "~nosuchuser/x", "file:/dev/zero", "camera:0", "object:dog", "%s%n", "x" * 300, "9" * 400,
)  # fmt: skip


@dataclass
class FuzzReport:
    """What came of it. lost: questions that were never answered, with the number of the packet before them."""

    packets: int = 0
    connections: int = 0
    pings: int = 0
    worst_ping_ms: float = 0.0
    lost: list[int] = field(default_factory=list)


class PacketMaker:
    """Packets from a seed. The same seed makes the same ones.

    spared: addresses that are not sent, because a program would do what they say.
    """

    def __init__(self, seed: int, spared: frozenset[str] = frozenset()) -> None:
        self._random = random.Random(seed)
        self._addresses = [address for address in ADDRESSES if address not in spared]

    def packet(self) -> bytes:
        """A whole one, a damaged one, or noise."""
        match self._random.randrange(10):
            case 0:
                return self._random.randbytes(self._random.randrange(64))
            case 1 | 2 | 3 | 4:
                return self._damaged(self._element(0))
            case _:
                return self._element(0)

    def stream(self) -> bytes:
        """What a connection sends: framed packets, and sometimes neither."""
        framed = b"".join(self._framed(self.packet()) for _ in range(self._random.randrange(1, 20)))
        return self._damaged(framed) if self._random.random() < 0.3 else framed

    def _framed(self, packet: bytes) -> bytes:
        match self._random.randrange(8):
            case 0:
                return b"\xc0" + packet + b"\xc0"
            case 1:
                return struct.pack(">I", self._random.randrange(2**32)) + packet
            case _:
                return struct.pack(">I", len(packet)) + packet

    def _element(self, depth: int) -> bytes:
        return self._bundle(depth) if self._random.random() < 0.2 and depth < 12 else self._message()

    def _bundle(self, depth: int) -> bytes:
        elements = [self._element(depth + 1) for _ in range(self._random.randrange(6))]
        time_tag = self._random.randbytes(8)
        return BUNDLE + time_tag + b"".join(struct.pack(">i", self._size(part)) + part for part in elements)

    def _size(self, element: bytes) -> int:
        return len(element) if self._random.random() < 0.95 else self._random.randrange(-(2**31), 2**31)

    def _message(self) -> bytes:
        tags = "".join(self._random.choices("ifsbhdStcrmTFNI[]x", k=self._random.randrange(6)))
        raw = b"".join(map(self._argument, tags))
        tagged = b"" if self._random.random() < 0.05 else _padded(f",{tags}".encode())
        return _padded(self._address().encode()) + tagged + raw

    def _address(self) -> str:
        address = self._random.choice(self._addresses)
        if self._random.random() < 0.8:
            return address
        pieces = self._random.choices(("*", "?", "[a-z]", "[!b]", "{s,mask,}", "**", "/", "[", "a"), k=12)
        return address[: self._random.randrange(1, len(address) + 1)] + "".join(pieces)

    def _argument(self, tag: str) -> bytes:
        if tag in NUMBERS:
            return self._random.randbytes(NUMBERS[tag].size)
        if tag in "sS":
            return _padded(self._text())
        if tag == "b":
            blob = self._random.randbytes(self._random.randrange(40))
            return struct.pack(">i", self._size(blob)) + blob + bytes(-len(blob) % 4)
        return self._random.randbytes({"t": 8, "c": 4, "r": 4, "m": 4}.get(tag, 0))

    def _text(self) -> bytes:
        match self._random.randrange(8):
            case 0:
                return self._random.randbytes(self._random.randrange(LARGEST))
            case 1:
                return b"x" * self._random.randrange(30_000)
            case _:
                return self._random.choice(TEXTS).encode()

    def _damaged(self, packet: bytes) -> bytes:
        changed = bytearray(packet)
        for _ in range(self._random.randrange(1, 6)):
            if not changed:
                break
            place = self._random.randrange(len(changed))
            match self._random.randrange(4):
                case 0:
                    del changed[place : place + self._random.randrange(1, 9)]
                case 1:
                    changed[place:place] = self._random.randbytes(self._random.randrange(1, 9))
                case _:
                    changed[place] = self._random.randrange(256)
        return bytes(changed)


def fuzz_decoder(packets: int, seed: int) -> int:
    """Decode, frame and match so many packets; how many of them were whole. Whatever it raises is a fault."""
    maker, whole = PacketMaker(seed), 0
    for number in range(packets):
        with suppress(DamagedPacket):
            messages = parse(maker.packet())
            whole += 1
            for message in messages:
                _match(message)
        if number % 10 == 0:
            stream = maker.stream()
            with suppress(DamagedStream):
                framing_of(stream[0]).feed(stream)
    return whole


def fuzz_osc(host: str, port: int, packets: int, seed: int, tcp_port: int | None = None) -> FuzzReport:
    """Send so many packets by UDP, and every twentieth lot by TCP if there is a port; ask all along for a pong.

    Spared are the addresses marked dangerous, as a program does what this machine says. A report with `lost` is a
    program that stopped answering.
    """
    maker, report = PacketMaker(seed, frozenset(DANGEROUS)), FuzzReport()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as sender, closing(Ponger(host, port)) as ponger:
        while report.packets < packets:
            for _ in range(min(PING_EVERY, packets - report.packets)):
                _quietly(lambda: sender.sendto(maker.packet()[:65_000], (host, port)))
                report.packets += 1
            if tcp_port is not None:
                _quietly(lambda: _connect(host, tcp_port, maker.stream()))
                report.connections += 1
            waited = ponger.wait()
            report.pings += 1
            if waited is None:
                report.lost.append(report.packets)
                break
            report.worst_ping_ms = max(report.worst_ping_ms, 1000 * waited)
    return report


class Ponger:
    """Asks a program whether it still answers."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(ASK_SECONDS)
        self._token = 0

    def close(self) -> None:
        self._socket.close()

    def wait(self) -> float | None:
        """Seconds until it answered, None if it did not within PATIENCE."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            self._token += 1
            asked = encode("/vace/ping", [self._token])
            assert asked is not None
            _quietly(lambda packet=asked: self._socket.sendto(packet, self._address))
            if self._heard():
                return time.monotonic() - began
        return None

    def _heard(self) -> bool:
        """Whether the pong comes, perhaps behind others."""
        with suppress(OSError):
            while True:
                [message] = parse(self._socket.recv(65_535))
                if message == Message("/vace/pong", (self._token,)):
                    return True
        return False


def main() -> int:
    """`python -m backend.measure.soak.fuzz_osc` for a program that listens; without a port, the decoder alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--tcp-port", type=int)
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.port is None:
        sys.stdout.write(f"{fuzz_decoder(options.packets, options.seed)} of {options.packets} packets were whole\n")
        return 0
    report = fuzz_osc(options.host, options.port, options.packets, options.seed, options.tcp_port)
    sys.stdout.write(f"{report}\n")
    return 1 if report.lost else 0


def _match(message: Message) -> None:
    if is_pattern(message.address):
        with suppress(ValueError):
            pattern = Pattern(message.address)
            for row in TABLE:
                pattern.matches(row.address)


def _connect(host: str, port: int, sent: bytes) -> None:
    with socket.create_connection((host, port), timeout=1.0) as stream:
        stream.sendall(sent)


def _quietly(send: Callable[[], object]) -> None:
    """The other end may refuse or close, which is its right."""
    with suppress(OSError):
        send()


def _padded(raw: bytes) -> bytes:
    return raw + bytes(4 - len(raw) % 4)


if __name__ == "__main__":
    raise SystemExit(main())
