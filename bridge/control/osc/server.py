"""The OSC server: one thread that hears datagrams and connections, and answers, and tells subscribers.

What messages mean is in dispatch.py, what can be asked in questions.py, what is sent back in replies.py, and who is
told of every change in subscribers.py.
"""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.errors import BridgeError
from bridge.threads import GuardedThread, report
from bridge.web.access import Access, Network
from bridge.web.hosts import is_loopback

from ..mailbox import Mailbox
from ..normalised import normalised_controls
from ..parameters import ControlTable
from .counters import OscCounters
from .dispatch import Dispatcher
from .event_list import EventList
from .packets import MAX_BYTES
from .peers import Peer, UdpPeer, reaches
from .questions import Question
from .subscribers import ROUND_SECONDS, STATUS, Subscribers
from .tcp import TcpPort
from .token import TokenCheck

log = logging.getLogger(__name__)

RECEIVE_BUFFER = 4 * 1024 * 1024
MAX_RECEIVED = 4096
"""Packets that are read before they are acted on: of a burst the system itself keeps some two hundred."""
LOT = 64
MAX_PACKETS = 8 * LOT
"""Acted on in one go, so that connections and subscribers get their turn in a flood."""
GATHER_SECONDS = 0.001
"""After each lot of packets: what comes meanwhile is one lot, and the presenter is disturbed a thousand times a second
at most, however much is sent."""
MAX_SENDERS = 256
MAX_TOLD = 64
NAME = "osc"
PAUSES = (0.05, 1.0)
"""As those of a GuardedThread: who steers a show must not wait long."""
ERROR_SECONDS = 0.1
"""Before a socket that fails is asked again, so that one that fails for good does not keep a processor busy."""
NOTE_SECONDS = 60.0
"""Between two lines of log about that."""


class OscServer:
    """Listens on host:port, and by TCP on `tcp` (host, port), in a thread of its own; port 0 takes any free one.

    allow: the networks that may steer from other machines, all if none is named. token: what else lets a sender in,
    None for nothing. answers: further addresses that only answer, by address; what `/vace/status` answers is sent to
    subscribers too. at_start: called first in the server's thread. events: what `/vace/events` answers.
    Raises BridgeError if a port is in use. What is wrong with a message is told to its sender; `counters` says how
    much there was of what.
    """

    def __init__(
        self,
        table: ControlTable,
        mailbox: Mailbox,
        host: str = "127.0.0.1",
        port: int = 9000,
        tcp: tuple[str, int] | None = None,
        allow: Sequence[Network] = (),
        answers: Mapping[str, Question] | None = None,
        at_start: Callable[[], object] | None = None,
        token: str | None = None,
        events: EventList | None = None,
    ) -> None:
        self.counters = OscCounters()
        self._access = Access(allow)
        by_address = normalised_controls(table)
        answers = answers or {}
        self._subscribers = Subscribers(table, by_address.values(), mailbox, self.counters, answers.get(STATUS))
        self._token = TokenCheck(token)
        self._dispatcher = Dispatcher(
            table,
            by_address,
            mailbox,
            self._subscribers,
            self._access,
            self.counters,
            answers,
            self._token,
            lambda peer: peer.key[0] == "udp" and self._is_own(peer.key[1:]),
            events,
        )
        self._selector = selectors.DefaultSelector()
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._senders: dict[tuple, UdpPeer] = {}
        self._received: deque[tuple[bytes, tuple]] = deque()
        self._selector.register(self._socket, selectors.EVENT_READ, self._receive)
        self.tcp: TcpPort | None = None
        if tcp is not None:
            try:
                self.tcp = TcpPort(
                    *tcp, self._selector, self._may_come, self.counters, self._do, self._gone, self._may_stay
                )
            except BridgeError:
                self._close()
                raise
        self._told: deque[tuple[str, str]] = deque(maxlen=MAX_TOLD)
        self._at_start = at_start
        self._last_note = -NOTE_SECONDS
        self._thread = GuardedThread(NAME, self._run, PAUSES)
        self._warn()

    def start(self) -> OscServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._thread.stop()
        self._close()

    def notify(self, address: str, reason: str) -> None:
        """Send `/vace/error address reason` to subscribers and to whoever sent last, for what goes wrong later.

        Any thread may.
        """
        if self._dispatcher.last is not None:
            self._told.append((address, reason))

    def _run(self) -> None:
        if self._at_start is not None:
            at_start, self._at_start = self._at_start, None
            at_start()
        next_round = 0.0
        while not self._thread.stopping.is_set():
            for key, events in self._selector.select(0.0 if self._received else ROUND_SECONDS):
                key.data(events)
            self._act()
            self._dispatcher.flush()
            now = time.monotonic()
            if now >= next_round:
                next_round = now + ROUND_SECONDS
                self._round(now)
            self._thread.stopping.wait(GATHER_SECONDS)

    def _round(self, now: float) -> None:
        try:
            while self._told:
                self._dispatcher.notify(*self._told.popleft())
            self._subscribers.round()
            if self.tcp is not None:
                self.tcp.round(now)
        except Exception as error:  # noqa: BLE001 - it is told, and packets must not wait for it
            self._note_fault(error)

    def _receive(self, _: int = selectors.EVENT_READ) -> None:
        """Read the datagrams that have come."""
        while len(self._received) < MAX_RECEIVED:
            try:
                packet, address = self._socket.recvfrom(MAX_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:  # on Windows, that an earlier answer found nobody listening; the next one may do
                continue
            except OSError as reason:
                self._note(reason)
                self._thread.stopping.wait(ERROR_SECONDS)
                return
            if self._is_own(address) or not self._may_come(address[0]):
                self.counters.ignored += 1
            else:
                self._received.append((packet, address))

    def _act(self) -> None:
        """Do what the datagrams say; while that takes its time, more are read."""
        for _ in range(MAX_PACKETS // LOT):
            for _ in range(min(LOT, len(self._received))):
                packet, address = self._received.popleft()
                self._do(packet, self._sender(address))
            if not self._received:
                return
            self._receive()

    def _do(self, packet: bytes, peer: Peer) -> None:
        """Do what a packet says. One that brings out a fault of ours has nobody wait for the others."""
        try:
            self._dispatcher.receive(packet, peer)
        except Exception as error:  # noqa: BLE001 - it is told, and the next packet is another
            self._note_fault(error)

    def _note_fault(self, error: Exception) -> None:
        self.counters.faults += 1
        report(NAME, error)

    def _may_come(self, host: str) -> bool:
        """Whether to read what a host sends; if there is a token, anybody may give it."""
        return self._access.admits(host) or self._token.wanted

    def _may_stay(self, peer: Peer) -> bool:
        """Whether a connection that has said something may go on."""
        return self._access.admits(peer.host) or self._token.knows(peer.key)

    def _is_own(self, address: Sequence[Any]) -> bool:
        """Whether it is where this server listens itself: answers to there would come back as questions."""
        return address[1] == self.port and reaches(address[0], self.host)

    def _gone(self, peer: Peer) -> None:
        """A connection has ended."""
        self._subscribers.unsubscribe(peer)
        self._dispatcher.forget(peer)
        self._token.forget(peer.key)

    def _note(self, reason: OSError) -> None:
        now = time.monotonic()
        if now - self._last_note >= NOTE_SECONDS:
            self._last_note = now
            log.warning("OSC: nothing could be received (%s); it goes on", reason)

    def _sender(self, address: tuple) -> UdpPeer:
        sender = self._senders.get(address)
        if sender is None:
            if len(self._senders) >= MAX_SENDERS:
                self._senders.clear()
            sender = self._senders[address] = UdpPeer(self._socket, address)
        return sender

    def _close(self) -> None:
        if self.tcp is not None:
            self.tcp.close()
        self._socket.close()
        self._selector.close()

    def _warn(self) -> None:
        listening = [self.host] + ([self.tcp.host] if self.tcp is not None else [])
        if all(is_loopback(host) for host in listening):
            return
        token = " and to who gives the token" if self._token.wanted else ""
        log.warning("OSC listens beyond this machine, on %s, to %s%s", " and ".join(listening), self._access.who, token)


def _bound(host: str, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        server.bind((host, port))
    except (OSError, OverflowError) as reason:
        server.close()
        raise BridgeError(
            f"OSC cannot listen on {host}:{port} ({reason}); close the program that does, or use another port"
        ) from reason
    server.setblocking(False)
    return server
