"""What a host's name or address tells of where it is."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import closing
from urllib.parse import urlsplit

import psutil

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; '' if there is none to be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def address_of(host: str) -> Address:
    """A numeric address as itself, whether it came by IPv4 or by IPv6; ValueError for what is none."""
    address = ipaddress.ip_address(host)
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def is_loopback(name: str) -> bool:
    """True for localhost and for any address of the loopback range."""
    if name == "localhost":
        return True
    try:
        return address_of(name).is_loopback
    except ValueError:
        return False


def is_local(name: str) -> bool:
    """True for what only a machine of the same network can be called: a private address, `desk`, `desk.local`.

    No page of the web is served under such a name.
    """
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(".local"))


def url_of(host: str, port: int) -> str:
    """Where a server on a numeric address is to be found."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def network_addresses() -> list[str]:
    """This machine's own addresses on networks, in the order of their digits."""
    found = {one.address for many in psutil.net_if_addrs().values() for one in many if one.family == socket.AF_INET}
    return sorted(address for address in found if not is_loopback(address))


def reachable_address(bound: str) -> str:
    """What another machine calls a server by that is bound to a numeric address, of all if that is every one."""
    if not ipaddress.ip_address(bound).is_unspecified:
        return bound
    addresses = network_addresses()
    usual = _address_to_the_rest()
    return usual if usual in addresses else next(iter(addresses), bound)


def _address_to_the_rest() -> str | None:
    """The address that this machine sends from when it sends far; None without a network. Nothing is sent."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as unused:
        try:
            unused.connect(("192.0.2.1", 9))  # an address that is nobody's, kept for examples
        except OSError:
            return None
        return unused.getsockname()[0]
