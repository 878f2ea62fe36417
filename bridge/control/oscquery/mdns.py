"""Tells others, by mDNS (Bonjour, zeroconf), where a service of ours is to be found.

A service on the loopback is announced on the loopback only, to programs of this machine; the network hears nothing.
Where the package `zeroconf` is missing nothing is announced, which is said once; addresses can be typed instead.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bridge.threads import GuardedThread
from bridge.web.hosts import is_loopback, network_addresses

if TYPE_CHECKING:
    from zeroconf import Zeroconf

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 1.0
"""How often it is seen whether the library's thread still runs."""


class MdnsService:
    """From `start` to `stop`: a name, with (host, port) for each kind of service (`_oscjson._tcp`).

    Announcing takes a second or two, so it is done in a thread of its own; a show waits for nothing.
    """

    def __init__(self, name: str, services: Mapping[str, tuple[str, int]]) -> None:
        self._name, self._services = name, dict(services)
        self._thread = GuardedThread("mdns", self._run)

    def start(self) -> MdnsService:
        if find_spec("zeroconf") is None:
            log.info(
                "OSCQuery is not announced, as zeroconf is missing (python start.py pip install zeroconf); "
                "type its address"
            )
            return self
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take it back; may be called twice."""
        self._thread.stop()

    def _run(self) -> None:
        from zeroconf import Error

        opened: list[Zeroconf] = []
        try:
            for near in (True, False):
                services = {kind: at for kind, at in self._services.items() if is_loopback(at[0]) == near}
                if services and not self._thread.stopping.is_set():
                    opened.append(self._announce(services, near))
            while not self._thread.stopping.wait(LOOK_SECONDS):
                if not all(map(_is_alive, opened)):
                    raise RuntimeError("zeroconf has ended by itself")
        except (OSError, Error) as reason:  # no network, or one that refuses multicast
            log.warning("OSCQuery is not announced (%s); type its address", reason)
        finally:
            for one in filter(_is_alive, opened):
                one.unregister_all_services()
                one.close()

    def _announce(self, services: dict[str, tuple[str, int]], near: bool) -> Zeroconf:
        """Announce services that are all on the loopback (near), or all beyond it."""
        from zeroconf import InterfaceChoice, ServiceInfo, Zeroconf

        everywhere = any(ipaddress.ip_address(host).is_unspecified for host, _ in services.values())
        hosts = sorted({host for host, _ in services.values()})
        zeroconf = Zeroconf([LOOPBACK] if near else InterfaceChoice.All if everywhere else hosts)
        for kind, (host, port) in services.items():
            if self._thread.stopping.is_set():
                break
            zeroconf.register_service(
                ServiceInfo(
                    f"{kind}.local.",
                    f"{self._name}.{kind}.local.",
                    port,
                    parsed_addresses=_addresses(host),
                    server=f"{self._name.replace(' ', '-')}.local.",
                ),
                allow_name_change=True,  # a second show on the network is "VACE Live-2"
            )
        return zeroconf


def _is_alive(zeroconf: Zeroconf) -> bool:
    """Whether its own thread still runs."""
    return zeroconf.loop is not None and zeroconf.loop.is_running()


def _addresses(host: str) -> list[str]:
    """The addresses that a service bound to a host is reached at."""
    if not ipaddress.ip_address(host).is_unspecified:
        return [host]
    return network_addresses()
