"""What a host's name or address tells of where it is."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; '' if there is none to be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """True for localhost and for any address of the loopback range."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
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
