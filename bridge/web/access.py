"""Who may steer: this machine always; others if the server listens to them, and dangerous things if they are named."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from .hosts import address_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network:
    """ "192.168.1.0/24" or "192.168.1.7" as a network. ValueError that says what is expected."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as reason:
        raise ValueError(f"{text!r} names no network: {reason}; give 192.168.1.7 or 192.168.1.0/24, say") from reason


class Access:
    """allow: the networks named by the user. With none named, everybody whom the server listens to is let in.

    Hosts are numeric addresses, as sockets give them.
    """

    def __init__(self, allow: Sequence[Network] = ()) -> None:
        self._allow = tuple(allow)
        # Asked for every packet, and there are few senders.
        self.named = lru_cache(maxsize=256)(self._named)

    @property
    def who(self) -> str:
        """Who is let in, in words."""
        return ", ".join(map(str, self._allow)) or "everybody; name who may, say with --osc-allow 192.168.1.0/24"

    def admits(self, host: str) -> bool:
        """Whether to listen to this host at all."""
        return not self._allow or self.named(host)

    def _named(self, host: str) -> bool:
        """Whether it is this machine, or named: it may then use what is dangerous, and subscribe."""
        try:
            address = address_of(host)
        except ValueError:  # a proxy may say anything
            return False
        return address.is_loopback or any(address in allowed for allowed in self._allow)
