"""OSC by TCP: connections that come and go, each with its own framing. None can hold up the others, or grow."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.web.access import Access
from bridge.web.ports import listen

from .counters import OscCounters
from .framing import DamagedStream, Framing, framing_of
from .peers import Peer

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
MAX_WAITING = 512 * 1024
"""Bytes of answers that a connection may leave unread before it is closed."""
RECEIVE_BYTES = 64 * 1024
NOTE_SECONDS = 10.0


class TcpPort:
    """Listens on host:port (0 takes any free one); raises BridgeError if that is in use.

    Driven by the server's selector: the `data` of each key is called when its socket is ready. taken(packet, peer) is
    called for each packet, gone(peer) when a connection has ended.
    """

    def __init__(
        self,
        host: str,
        port: int,
        selector: selectors.BaseSelector,
        access: Access,
        counters: OscCounters,
        taken: Callable[[bytes, Peer], None],
        gone: Callable[[Peer], None],
    ) -> None:
        self._listener = _listening(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        self._selector, self._access, self._counters = selector, access, counters
        self._taken, self._gone = taken, gone
        self._connections: set[Connection] = set()
        self._last_note = -NOTE_SECONDS
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self, _: int) -> None:
        try:
            accepted, address = self._listener.accept()
        except OSError as reason:  # it has gone again
            log.debug("no connection: %s", reason)
            return
        if not self._access.admits(address[0]):
            self._counters.ignored += 1
            accepted.close()
        elif len(self._connections) >= MAX_CONNECTIONS:
            self._note(f"more than {MAX_CONNECTIONS} connections; {address[0]}:{address[1]} was not let in")
            accepted.close()
        else:
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.add(Connection(accepted, address, self._selector, self._taken, self._ended))
            self._counters.connections = len(self._connections)

    def _ended(self, connection: Connection, reason: str | None) -> None:
        self._connections.discard(connection)
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
        selector.register(connected, selectors.EVENT_READ, self._ready)

    def send(self, packet: bytes) -> None:
        if not self._open or self._framing is None:
            return
        self._waiting += self._framing.wrap(packet)
        self._write()
        if len(self._waiting) > MAX_WAITING:
            self._end("it does not read its answers")

    def at_port(self, port: int) -> Connection:
        return self

    def close(self) -> None:
        self._end(None)

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
            self._end(None)
            return
        try:
            if self._framing is None:
                self._framing = framing_of(received[0])
            packets = self._framing.feed(received)
        except DamagedStream as reason:
            self._end(str(reason))
            return
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
            self._end(None)
            return
        del self._waiting[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._waiting else 0)
        if self._selector.get_key(self._socket).events != wanted:
            self._selector.modify(self._socket, wanted, self._ready)

    def _end(self, reason: str | None) -> None:
        if self._open:
            self._open = False
            self._selector.unregister(self._socket)
            self._socket.close()
            self._ended(self, reason)


def _listening(host: str, port: int) -> socket.socket:
    try:
        listener = listen(host, port)
    except OSError as reason:
        raise BridgeError(
            f"OSC by TCP cannot listen on {host}:{port} ({reason}); close the program that does, or use another port"
        ) from reason
    listener.setblocking(False)
    return listener
