"""The OSC server: messages in, into the mailbox; values, errors and pongs back to whoever asked.

Addresses are those of the table. Besides: `/vace/get ADDRESS` answers `ADDRESS value`, `/vace/dump` all of them,
`/vace/ping [token]` answers `/vace/pong [token]`, and what cannot be done answers `/vace/error ADDRESS REASON`.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from ..video.protocol import BridgeError
from .mailbox import Mailbox
from .packets import MAX_BYTES, Argument, DamagedPacket, Message, parse
from .parameters import ControlError, ControlTable, Value
from .setting import Setting, settings_in

log = logging.getLogger(__name__)

RECEIVE_BUFFER = 4 * 1024 * 1024
ERRORS_PER_SECOND = 20
ANSWERS_PER_SECOND = 200
"""To all senders together. A controller that floods gets no flood of errors back, and does not use up the answers."""
DUMP_SECONDS = 0.2
POLL_SECONDS = 0.05
RETRY_SECONDS = 0.01
NOTE_SECONDS = 60.0
"""Between two lines of log about damaged packets."""
MAX_ECHO = 256
"""Characters that come back of what someone sent: a ping's token, an address that does not exist."""

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

    Raises BridgeError if the port is in use. What is wrong with a message is told to its sender; `counters` says how
    much there was of what.
    """

    def __init__(self, table: ControlTable, mailbox: Mailbox, host: str = "127.0.0.1", port: int = 9000) -> None:
        self._table, self._mailbox = table, mailbox
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self.counters = OscCounters()
        self._errors = Budget(ERRORS_PER_SECOND)
        self._answers = Budget(ANSWERS_PER_SECOND)
        self._last_dump = -DUMP_SECONDS
        self._last_note = -NOTE_SECONDS
        self._sender: Sender | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="osc", daemon=True)

    def start(self) -> OscServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def tell(self, address: str, reason: str) -> None:
        """Send `/vace/error address reason` to whoever sent last, for what goes wrong later; any thread may."""
        if self._sender is not None and self._errors.take():
            self._send(self._sender, "/vace/error", [address[:MAX_ECHO], reason])

    def _run(self) -> None:
        self._socket.settimeout(POLL_SECONDS)
        while not self._stopping.is_set():
            try:
                packet, sender = self._socket.recvfrom(MAX_BYTES)
            except TimeoutError:
                continue
            except OSError as reason:  # on Windows, that an earlier reply found nobody listening
                log.debug("nothing received: %s", reason)
                self._stopping.wait(RETRY_SECONDS)
                continue
            self._take(packet, sender)

    def _take(self, packet: bytes, sender: Sender) -> None:
        counters = replace(self.counters, packets=self.counters.packets + 1)
        try:
            messages = parse(packet)
        except DamagedPacket as reason:
            self.counters = replace(counters, damaged=counters.damaged + 1)
            self._note_damage(reason, sender)
            return
        self._sender = sender
        self.counters = replace(counters, messages=counters.messages + len(messages))
        changes: list[Setting] = []
        for message in messages:
            if not self._answer(message, sender):
                changes += self._changes(message, sender)
        # A packet's values are taken together, so that nobody sees half of a bundle.
        for address, report in self._mailbox.take(changes):
            self._refuse(address, report, sender)

    def _note_damage(self, reason: DamagedPacket, sender: Sender) -> None:
        """Nobody is told of it by OSC: the sender may be no OSC program at all."""
        now = time.monotonic()
        if now - self._last_note >= NOTE_SECONDS:
            self._last_note = now
            log.warning("OSC from %s:%d: %s; %d such so far", *sender[:2], reason, self.counters.damaged)

    def _answer(self, message: Message, sender: Sender) -> bool:
        """Do what only asks; whether it was that."""
        match message.address, message.arguments:
            case "/vace/ping", token:
                self._reply(sender, "/vace/pong", [_short(value) for value in token[:1]])
            case "/vace/get", (str(address), *_):
                self._give(address, sender)
            case "/vace/get", _:
                self._refuse("/vace/get", "/vace/get needs the address of a control", sender)
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

    def _changes(self, message: Message, sender: Sender) -> list[Setting]:
        settings, refused = settings_in(message, self._table)
        for address, reason in refused:
            self._refuse(address, reason, sender)
        return settings

    def _refuse(self, address: str, reason: str, sender: Sender) -> None:
        self.counters = replace(self.counters, refused=self.counters.refused + 1)
        if self._errors.take():
            self._send(sender, "/vace/error", [address[:MAX_ECHO], reason])

    def _reply(self, sender: Sender, address: str, arguments: Iterable[Any]) -> None:
        if self._answers.take():
            self._send(sender, address, arguments)

    def _send(self, sender: Sender, address: str, arguments: Iterable[Any]) -> None:
        builder = OscMessageBuilder(address)
        for argument in arguments:
            builder.add_arg(argument)
        try:
            self._socket.sendto(builder.build().dgram, sender)
        except (OSError, BuildError, OverflowError, ValueError) as reason:  # gone, too large, or no OSC type
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


def _bound(host: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        server.bind((host, port))
    except (OSError, OverflowError) as reason:
        server.close()
        raise BridgeError(
            f"OSC cannot listen on {host}:{port} ({reason}); close the program that does, or use another port"
        ) from reason
    return server


def _arguments(value: Value) -> list[Any]:
    """A value as OSC arguments; a bool goes as 0 or 1, which every controller understands."""
    if isinstance(value, tuple):
        return list(value)
    return [int(value) if isinstance(value, bool) else value]


def _short(token: Argument) -> Argument:
    return token[:MAX_ECHO] if isinstance(token, str | bytes) else token
