"""Who may talk to the panel: pages that the panel itself served, under a loopback name (see bridge's origin check)."""

from bridge.web.hosts import host_name, is_loopback
from bridge.web.origin_check import Caller, Headers

POLICY = b"default-src 'self'; connect-src 'self' ws://localhost:* ws://127.0.0.1:*; frame-ancestors 'none'"
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


def refusal(host: str, origin: str | None) -> str | None:
    """Why a request with these headers is refused; None if it is welcome."""
    if not is_loopback(host_name(host)):
        return f"host '{host}' is not this machine; open the panel as http://127.0.0.1 with its port"
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return f"a page of '{origin}' may not use the panel"
    return None


def turned_away(caller: Caller) -> str | None:
    """`refusal`, as the origin check asks it."""
    return refusal(caller.host, caller.origin)


def headers(_origin: str | None) -> Headers:
    """What every answer carries."""
    return HEADERS
