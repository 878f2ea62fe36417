"""OSC by TCP: connections that come and go, each with its own framing. None can hold up the others, or grow."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.web.ports import listen

from .counters import OscCounters
from .framing import DamagedStream, Framing, framing_of
from .peers import Peer, is_here

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
MAX_FROM_ONE = 16
"""Connections from one other machine."""
SILENT_SECONDS = 30.0
"""That a connection may take until its first packet is whole."""
RETRY_SECONDS = 1.0
"""Before the system is asked again for a connection that it could not give."""
KEEP_ALIVE_SECONDS = 60
"""Of silence, after which the system looks whether the other end is still there."""
MAX_WAITING = 512 * 1024
"""Bytes of answers that a connection may leave unread before it is closed."""
RECEIVE_BYTES = 64 * 1024
NOTE_SECONDS = 10.0


class TcpPort:
    """Listens on host:port (0 takes any free one); raises BridgeError if that is in use.

    Driven by the server's selector: the `data` of each key is called when its socket is ready. taken(packet, peer) is
    called for each packet, gone(peer) when a connection has ended. may_come(host): whether to let it connect;
    may_stay(peer): whether it may go on, once it has said something. `round` is to be called now and then.
    """

    def __init__(
        self,
        host: str,
        port: int,
        selector: selectors.BaseSelector,
        may_come: Callable[[str], bool],
        counters: OscCounters,
        taken: Callable[[bytes, Peer], None],
        gone: Callable[[Peer], None],
        may_stay: Callable[[Peer], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = _listening(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        self._selector, self._may_come, self._counters = selector, may_come, counters
        self._taken, self._gone, self._may_stay, self._clock = taken, gone, may_stay, clock
        self._connections: dict[Connection, float] = {}  # and when each began, in that order
        self._last_note = -NOTE_SECONDS
        self._retry: float | None = None
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        if self._retry is None:
            self._selector.unregister(self._listener)
        self._listener.close()

    def round(self, now: float) -> None:
        """Close those that have said nothing for too long, and listen again after a refusal of the system."""
        for connection, began in list(self._connections.items()):
            if now - began > SILENT_SECONDS and self._is_silent(connection):
                connection.end(f"it said nothing that counts for {SILENT_SECONDS:g} s")
        if self._retry is not None and now >= self._retry:
            self._retry = None
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self, _: int) -> None:
        try:
            accepted, address = self._listener.accept()
        except (BlockingIOError, ConnectionError) as reason:  # it has gone again
            log.debug("no connection: %s", reason)
        except OSError as reason:  # no descriptors left, say: the one that waits would be reported without end
            self._note(f"no connection can be had ({reason})")
            self._retry = self._clock() + RETRY_SECONDS
            self._selector.unregister(self._listener)
        else:
            self._let_in(accepted, address)

    def _let_in(self, accepted: socket.socket, address: tuple) -> None:
        host = str(address[0])
        if not self._may_come(host):
            self._counters.ignored += 1
            accepted.close()
        elif not self._has_room(host):
            accepted.close()
        else:
            try:
                _prepare(accepted)
            except OSError as reason:
                log.debug("no connection: %s", reason)
                accepted.close()
                return
            connection = Connection(accepted, address, self._selector, self._taken, self._ended)
            self._connections[connection] = self._clock()
            self._counters.connections = len(self._connections)

    def _has_room(self, host: str) -> bool:
        """Whether one more may come from there. The oldest of those that have said nothing makes room for it."""
        if not is_here(host) and sum(other.host == host for other in self._connections) >= MAX_FROM_ONE:
            self._note(f"more than {MAX_FROM_ONE} connections from {host}; one more was not let in")
            return False
        if len(self._connections) < MAX_CONNECTIONS:
            return True
        silent = next(filter(self._is_silent, self._connections), None)
        if silent is None:
            self._note(f"more than {MAX_CONNECTIONS} connections; one from {host} was not let in")
            return False
        silent.end("it had said nothing, and another one came")
        return True

    def _is_silent(self, connection: Connection) -> bool:
        """Whether it has said nothing yet, or nothing that it is let in for."""
        return not connection.spoken or not self._may_stay(connection)

    def _ended(self, connection: Connection, reason: str | None) -> None:
        self._connections.pop(connection, None)
        self._counters.connections = len(self._connections)
        self._gone(connection)
        if reason is not None:
            self._note(f"{connection.host}:{connection.key[2]}: {reason}; the connection was closed")

    def _note(self, what: str) -> None:
        self._counters.closed += 1
        now = time.monotonic()
        if now - self._last_note >= NOTE_SECONDS:
            self._last_note = now
            log.warning("OSC by TCP: %s; %d such so far", what, self._counters.closed)


class Connection:
    """One program at the other end of a connection; answers go back the same way, framed as it frames."""

    def __init__(
        self,
        connected: socket.socket,
        address: tuple,
        selector: selectors.BaseSelector,
        taken: Callable[[bytes, Peer], None],
        ended: Callable[[Connection, str | None], None],
    ) -> None:
        self._socket, self._selector = connected, selector
        self._taken, self._ended = taken, ended
        self.host = str(address[0])
        self.key: tuple[str, str, int] = ("tcp", self.host, int(address[1]))
        self._framing: Framing | None = None
        self._waiting = bytearray()
        self._open = True
        self.spoken = False
        """Whether a whole packet has come."""
        selector.register(connected, selectors.EVENT_READ, self._ready)

    def send(self, packet: bytes) -> None:
        if not self._open or self._framing is None:
            return
        self._waiting += self._framing.wrap(packet)
        self._write()
        if len(self._waiting) > MAX_WAITING:
            self.end("it does not read its answers")

    def at_port(self, port: int) -> Connection:
        return self

    def close(self) -> None:
        self.end(None)

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._write()
        if events & selectors.EVENT_READ and self._open:
            self._read()

    def _read(self) -> None:
        try:
            received = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as reason:
            log.debug("%s:%d: %s", self.host, self.key[2], reason)
            received = b""
        if not received:
            self.end(None)
            return
        try:
            if self._framing is None:
                self._framing = framing_of(received[0])
            packets = self._framing.feed(received)
        except DamagedStream as reason:
            self.end(str(reason))
            return
        self.spoken = self.spoken or bool(packets)
        for packet in packets:
            self._taken(packet, self)

    def _write(self) -> None:
        if not self._open:
            return
        try:
            sent = self._socket.send(self._waiting) if self._waiting else 0
        except BlockingIOError:
            sent = 0
        except OSError as reason:
            log.debug("%s:%d: %s", self.host, self.key[2], reason)
            self.end(None)
            return
        del self._waiting[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._waiting else 0)
        if self._selector.get_key(self._socket).events != wanted:
            self._selector.modify(self._socket, wanted, self._ready)

    def end(self, reason: str | None) -> None:
        """Close it; reason: what is to be noted of that, None if it is as it should be."""
        if self._open:
            self._open = False
            self._selector.unregister(self._socket)
            self._socket.close()
            self._ended(self, reason)


def _prepare(accepted: socket.socket) -> None:
    """Small packets at once, and an end to those whose other end has lost its power."""
    accepted.setblocking(False)
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # not on a Mac
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_ALIVE_SECONDS)


def _listening(host: str, port: int) -> socket.socket:
    try:
        listener = listen(host, port)
    except OSError as reason:
        raise BridgeError(
            f"OSC by TCP cannot listen on {host}:{port} ({reason}); close the program that does, or use another port"
        ) from reason
    listener.setblocking(False)
    return listener
