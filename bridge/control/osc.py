"""The OSC server: messages in, into the mailbox; values, errors and pongs back to whoever asked.

Addresses are those of the table. Besides: `/vace/get ADDRESS` answers `ADDRESS value`, `/vace/dump` all of them,
`/vace/ping [token]` answers `/vace/pong [token]`, and what cannot be done answers `/vace/error ADDRESS REASON`.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

from ..video.protocol import BridgeError
from .mailbox import Mailbox
from .packets import MAX_BYTES, DamagedPacket, Message, parse
from .parameters import Control, ControlError, ControlTable, Value

log = logging.getLogger(__name__)

RECEIVE_BUFFER = 4 * 1024 * 1024
REPLIES_PER_SECOND = 50
"""To all senders together; a controller that floods gets no flood of errors back."""
DUMP_SECONDS = 0.2
POLL_SECONDS = 0.2
PATTERN = re.compile(r"[*?\[\]{}]")

Sender = tuple[str, int]


@dataclass(frozen=True)
class OscCounters:
    """Since the start: packets, messages, packets that could not be read, messages that were not taken as they came."""

    packets: int = 0
    messages: int = 0
    damaged: int = 0
    refused: int = 0


class OscServer:
    """Listens on host:port in a thread of its own; port 0 takes any free one (`port` says which).

    Raises BridgeError if the port is in use. `tell` sends an error to the last sender, for what goes wrong later.
    """

    def __init__(self, table: ControlTable, mailbox: Mailbox, host: str = "127.0.0.1", port: int = 9000) -> None:
        self._table, self._mailbox = table, mailbox
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self.counters = OscCounters()
        self._replies = Budget(REPLIES_PER_SECOND)
        self._last_dump = -DUMP_SECONDS
        self._sender: Sender | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)

    def start(self) -> OscServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def tell(self, address: str, reason: str) -> None:
        """Send `/vace/error address reason` to whoever sent last; nothing if nobody has."""
        if self._sender is not None:
            self._reply(self._sender, "/vace/error", [address, reason])

    def _run(self) -> None:
        self._socket.settimeout(POLL_SECONDS)
        while not self._stopping.is_set():
            try:
                packet, sender = self._socket.recvfrom(MAX_BYTES)
            except TimeoutError:
                continue
            except ConnectionResetError:  # Windows reports here that an earlier reply found nobody listening
                continue
            self._take(packet, sender)

    def _take(self, packet: bytes, sender: Sender) -> None:
        counters = replace(self.counters, packets=self.counters.packets + 1)
        try:
            messages = parse(packet)
        except DamagedPacket as reason:
            self.counters = replace(counters, damaged=counters.damaged + 1)
            log.debug("%s from %s", reason, sender)
            return
        self._sender = sender
        self.counters = replace(counters, messages=counters.messages + len(messages))
        changes: list[tuple[str, Any]] = []
        for message in messages:
            if not self._answer(message, sender):
                changes += self._changes(message, sender)
        # A packet's values are taken together, so that nobody sees half of a bundle.
        if changes and (report := self._mailbox.set_all(changes)):
            self._refuse(changes[0][0], report, sender)

    def _answer(self, message: Message, sender: Sender) -> bool:
        """Do what only asks; whether it was that."""
        match message.address, message.arguments:
            case "/vace/ping", token:
                self._reply(sender, "/vace/pong", token)
            case "/vace/get", (str(address), *_):
                self._give(address, sender)
            case "/vace/dump", _:
                self._dump(sender)
            case address, ("?",) if address in self._table and self._table[address].type not in ("string", "strings"):
                self._give(address, sender)
            case _:
                return False
        return True

    def _give(self, address: str, sender: Sender) -> None:
        try:
            value = self._mailbox.get(address)
        except ControlError as reason:
            self._refuse(address, str(reason), sender)
            return
        self._reply(sender, address, _arguments(value))

    def _dump(self, sender: Sender) -> None:
        """All values; not more often than a person could want it, as the answer is much larger than the question."""
        now = time.monotonic()
        if now - self._last_dump < DUMP_SECONDS:
            return
        self._last_dump = now
        for address, value in self._mailbox.snapshot().items():
            self._send(sender, address, _arguments(value))

    def _changes(self, message: Message, sender: Sender) -> list[tuple[str, Any]]:
        """What a message sets. Extra arguments are left alone: some controllers send their own."""
        try:
            controls = self._matching(message.address)
        except ControlError as reason:
            self._refuse(message.address, str(reason), sender)
            return []
        changes = []
        for control in controls:
            if control.type == "strings":
                changes.append((control.address, message.arguments))
            elif message.arguments:
                changes.append((control.address, message.arguments[0]))
            elif control.type == "trigger":
                changes.append((control.address, 1))
            else:
                self._refuse(control.address, f"{control.address} needs a value: {control.doc}", sender)
        return changes

    def _matching(self, address: str) -> list[Control]:
        """The control of an address, or all that a pattern means, without those that must be meant by name."""
        if not PATTERN.search(address):
            return [self._table[address]]
        expression = compiled(address)
        found = [row for row in self._table if not row.dangerous and expression.fullmatch(row.address)]
        if not found:
            raise ControlError(f"no control matches {address}")
        return found

    def _refuse(self, address: str, reason: str, sender: Sender) -> None:
        self.counters = replace(self.counters, refused=self.counters.refused + 1)
        self._reply(sender, "/vace/error", [address, reason])

    def _reply(self, sender: Sender, address: str, arguments: Iterable[Any]) -> None:
        if self._replies.take():
            self._send(sender, address, arguments)

    def _send(self, sender: Sender, address: str, arguments: Iterable[Any]) -> None:
        builder = OscMessageBuilder(address)
        for argument in arguments:
            builder.add_arg(argument)
        try:
            self._socket.sendto(builder.build().dgram, sender)
        except OSError as reason:
            log.debug("no answer to %s: %s", sender, reason)


class Budget:
    """So many in a second, at most."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second, self._used = -1, 0

    def take(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._used = second, 0
        self._used += 1
        return self._used <= self._per_second


def compiled(pattern: str) -> re.Pattern[str]:
    """An OSC 1.0 address pattern: `*` and `?` within a part, `[a-z]`, `[!a]`, `{this,that}`. ControlError if broken."""
    parts = []
    for token in re.findall(r"\[!?[^\]]*\]|\{[^}]*\}|.", pattern):
        if token == "*":
            parts.append("[^/]*")
        elif token == "?":
            parts.append("[^/]")
        elif token.startswith("[") and token.endswith("]") and len(token) > 2:
            inside = token[1:-1].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
            parts.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
        elif token.startswith("{") and token.endswith("}"):
            parts.append("(?:" + "|".join(map(re.escape, token[1:-1].split(","))) + ")")
        else:
            parts.append(re.escape(token))
    try:
        return re.compile("".join(parts))
    except re.error:
        raise ControlError(f"{pattern} is not an address pattern") from None


def _bound(host: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        server.bind((host, port))
    except (OSError, OverflowError) as reason:
        server.close()
        raise BridgeError(
            f"OSC cannot listen on {host}:{port} ({reason}); close the program that does, or use --osc {host}:OTHER_PORT"
        ) from reason
    return server


def _arguments(value: Value) -> list[Any]:
    """A value as OSC arguments; a bool goes as 0 or 1, which every controller understands."""
    if isinstance(value, tuple):
        return list(value)
    return [int(value) if isinstance(value, bool) else value]
