"""A lighting desk as a controller: channels of a DMX universe, by sACN or Art-Net, to controls.

Receiving is our own: sacn 1.11's receiver ends at the first damaged packet and listens on all interfaces on Linux,
whatever it is told.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bridge.errors import BridgeError

from ..mailbox import Mailbox
from ..normalised import NormalisedControl
from ..parameters import Control, ControlError, ControlTable
from .packets import SILENT_SECONDS, SLOTS, Desks, DmxPacket, parse_artnet, parse_sacn

log = logging.getLogger(__name__)

Protocol = Literal["sacn", "artnet"]
PORTS: dict[Protocol, int] = {"sacn": 5568, "artnet": 6454}
UNIVERSES: dict[Protocol, tuple[int, int]] = {"sacn": (1, 63999), "artnet": (0, 32767)}
DEFAULT_HOST = "127.0.0.1"
POLL_SECONDS = 0.1
PACKET_BYTES = 2048
EXAMPLE = '{"1": "/vace/scale", "2+3": "/vace/mask/feather"}'


@dataclass(frozen=True)
class DmxWanted:
    """A universe to listen for, on one address of this machine. BridgeError for one that can't be."""

    protocol: Protocol
    universe: int
    host: str = DEFAULT_HOST

    def __post_init__(self) -> None:
        low, high = UNIVERSES[self.protocol]
        if not low <= self.universe <= high:
            raise BridgeError(f"a universe of {self.protocol} is {low} to {high}, got {self.universe}")

    @staticmethod
    def parse(protocol: Protocol, text: str) -> DmxWanted:
        """ "3" is universe 3 from programs on this machine; "3@192.168.1.7" on the network of that address."""
        universe, _, host = text.partition("@")
        if not universe.isdecimal():
            raise BridgeError(f"--{protocol} takes UNIVERSE or UNIVERSE@ADDRESS, got {text[:60]!r}; for example 1")
        return DmxWanted(protocol, int(universe), host or DEFAULT_HOST)


@dataclass(frozen=True)
class Channel:
    """Slots of a universe (from 0) that make one value, the coarse one first; and what they set."""

    slots: tuple[int, ...]
    control: Control

    def raw(self, universe: bytes) -> int | None:
        """The channel's value as it stands in a universe; None if the desk sends fewer channels."""
        if max(self.slots) >= len(universe):
            return None
        return int.from_bytes(bytes(universe[slot] for slot in self.slots), "big")

    def value(self, raw: int) -> object:
        """What the control is set to: all of its range over that of the channel."""
        x = raw / (256 ** len(self.slots) - 1)
        return x >= 0.5 if self.control.type == "trigger" else NormalisedControl(self.control).accept(x).value


def read_patch(path: Path, table: ControlTable) -> list[Channel]:
    """{"CHANNEL": "ADDRESS"}; channels from 1, "2+3" are the coarse and the fine half of one. BridgeError."""
    try:
        lines = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        said = reason.strerror
        raise BridgeError(f"the DMX patch {path} cannot be read ({said}); name a file like {EXAMPLE}") from None
    except (ValueError, RecursionError) as reason:
        said = str(reason).splitlines()[0]
        raise BridgeError(f"the DMX patch {path} is no JSON ({said}); it should look like {EXAMPLE}") from None
    if not isinstance(lines, dict) or not lines:
        raise BridgeError(f"the DMX patch {path} has no channels; it should look like {EXAMPLE}")
    return [Channel(_slots(channel, path), _control(address, table, path)) for channel, address in lines.items()]


def _slots(channel: str, path: Path) -> tuple[int, ...]:
    parts = channel.replace(" ", "").split("+")
    if len(parts) > 2 or not all(part.isdecimal() and 1 <= int(part) <= SLOTS for part in parts):
        raise BridgeError(f"{path}: a channel is 1 to {SLOTS}, or two of them as 2+3, got {channel[:40]!r}")
    return tuple(int(part) - 1 for part in parts)


def _control(address: object, table: ControlTable, path: Path) -> Control:
    try:
        control = table[str(address)]
    except ControlError as reason:
        raise BridgeError(f"{path}: {reason}") from None
    ranged = control.type in ("float", "int") and control.low is not None and control.high is not None
    if not ranged and control.type not in ("bool", "choice", "trigger"):
        raise BridgeError(f"{path}: {control.address} takes no number, so no channel can set it")
    return control


class Patched:
    """Sets what a universe's channels are patched to. A channel that stays leaves its control to others."""

    def __init__(self, channels: list[Channel], mailbox: Mailbox) -> None:
        self._channels, self._mailbox = channels, mailbox
        self._last: dict[Channel, int] = {}

    def apply(self, universe: bytes) -> None:
        """The universe's slots as they are now. The first ones set everything: the desk says how the show stands."""
        changes = []
        for channel in self._channels:
            raw = channel.raw(universe)
            if raw is None or raw == self._last.get(channel):
                continue
            self._last[channel] = raw
            changes.append((channel.control.address, channel.value(raw)))
        for _, report in self._mailbox.apply(changes, origin=self) if changes else ():
            log.warning("DMX: %s", report)


class DmxInput:
    """Listens for one universe in threads of its own. BridgeError if the address can't be had.

    tell(reason) is told when the desk goes silent: values stay.
    """

    def __init__(
        self,
        wanted: DmxWanted,
        patched: Patched,
        tell: Callable[[str], None],
        ports: Mapping[Protocol, int] = PORTS,
    ) -> None:
        protocol, host = wanted.protocol, wanted.host
        self._protocol, self._universe, self._patched, self._notify = protocol, wanted.universe, patched, tell
        self._desks = Desks()
        self._heard: float | None = None
        self.packets = 0
        """Those that counted."""
        with ExitStack() as opened:
            self._sockets = [opened.enter_context(_bound(host, ports[protocol]))]
            self.port = self._sockets[0].getsockname()[1]
            if protocol == "sacn":
                self._join(opened, host)
            self._opened = opened.pop_all()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(each,), name=f"dmx {protocol}", daemon=True)
            for each in self._sockets
        ]
        self._lock = threading.Lock()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._opened.close()

    def _join(self, opened: ExitStack, host: str) -> None:
        """sACN comes by multicast, too; a machine whose network has none still gets what is sent to it alone."""
        group = f"239.255.{self._universe >> 8}.{self._universe & 255}"
        membership = socket.inet_aton(group) + socket.inet_aton(host)
        try:
            listener = self._sockets[0]
            if sys.platform != "win32":  # where a socket of a group is one of its own
                listener = opened.enter_context(_bound(group, self.port))
                self._sockets.append(listener)
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        except (OSError, BridgeError) as reason:
            log.info("sACN: no multicast on %s (%s); send to %s:%d", host, reason, host, self.port)

    def _run(self, listener: socket.socket) -> None:
        listener.settimeout(POLL_SECONDS)
        while not self._stopping.is_set():
            try:
                data, sender = listener.recvfrom(PACKET_BYTES)
            except TimeoutError:
                self._look()
                continue
            except OSError as reason:  # on Windows, a packet that was larger than any that we know
                log.debug("DMX: nothing received: %s", reason)
                continue
            packet = parse_sacn(data) if self._protocol == "sacn" else parse_artnet(data, str(sender).encode())
            if packet is not None and packet.universe == self._universe:
                self._receive(packet)

    def _receive(self, packet: DmxPacket) -> None:
        now = time.monotonic()
        with self._lock:
            if self._desks.counts(packet, now):
                self._heard = now
                self.packets += 1
                self._patched.apply(packet.slots)

    def _look(self) -> None:
        with self._lock:
            if self._heard is not None and time.monotonic() - self._heard > SILENT_SECONDS:
                self._heard = None
                self._notify(f"DMX universe {self._universe} ({self._protocol}) is silent; what it set stays")


def _bound(address: str, port: int) -> socket.socket:
    """A UDP socket. Desks' programs on this machine share the ports, so we do, too."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
    except (OSError, OverflowError) as reason:
        listener.close()
        raise BridgeError(
            f"cannot listen for DMX on {address}:{port} ({reason}); name an address of this machine"
        ) from None
    return listener
