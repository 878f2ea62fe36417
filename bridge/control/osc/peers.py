"""Those who speak OSC to us, and how to answer them; messages to bytes."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Protocol

from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from ..parameters import Value

log = logging.getLogger(__name__)


class Peer(Protocol):
    """A program at the other end. `key` tells it from all others; `host` is its numeric address."""

    key: tuple[str, str, int]
    host: str

    def send(self, packet: bytes) -> None:
        """Send one packet, or lose it where the other end is gone or too slow. Never blocks, never raises."""

    def at_port(self, port: int) -> Peer:
        """The one to answer if it asks for answers at another port: its host there, or itself on a connection."""
        ...


class UdpPeer:
    """A sender of datagrams, by its numeric host and port."""

    def __init__(self, server: socket.socket, address: tuple[Any, ...]) -> None:
        self._server, self._address = server, address
        self.host, port = str(address[0]), int(address[1])
        self.key: tuple[str, str, int] = ("udp", self.host, port)

    def send(self, packet: bytes) -> None:
        try:
            self._server.sendto(packet, self._address)
        except OSError as reason:  # gone, too large, or no room left in the system's buffer
            log.debug("no answer to %s: %s", self._address, reason)

    def at_port(self, port: int) -> UdpPeer:
        return UdpPeer(self._server, (self.host, port, *self._address[2:]))


@lru_cache(maxsize=256)
def is_here(host: str) -> bool:
    """Whether a host is the loopback, which nobody on a network can send from; what is no address is not."""
    try:
        return _plain(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def reaches(host: str, bound: str) -> bool:
    """Whether what is sent to `host` comes to a socket that is bound to `bound`, on this machine."""
    meant, listening = _plain(host), _plain(bound)
    if meant == listening:
        return True
    return listening.is_unspecified and (meant.is_unspecified or _is_of_this_machine(host))


def _is_of_this_machine(host: str) -> bool:
    """A socket can be bound to this machine's addresses alone."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
    return True


def _plain(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; one of IPv4 that is written as one of IPv6 as what it is."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def encode(address: str, arguments: Iterable[Any]) -> bytes | None:
    """One message; None if OSC has no way to say it (a number beyond 64 bits)."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    try:
        return builder.build().dgram
    except (BuildError, OverflowError, ValueError) as reason:
        log.debug("%s cannot be said by OSC: %s", address, reason)
        return None


def as_arguments(value: Value) -> list[Any]:
    """A value as OSC arguments; a bool goes as 0 or 1, which every controller understands."""
    if isinstance(value, tuple):
        return list(value)
    return [int(value) if isinstance(value, bool) else value]
