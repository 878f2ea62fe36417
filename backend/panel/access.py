"""Who may talk to the panel: pages that the panel itself served, under a name that no page of the web has."""

from bridge.web.hosts import host_name, is_local, is_loopback
from bridge.web.origin_check import Headers

POLICY = b"default-src 'self'; connect-src 'self' ws://localhost:* ws://127.0.0.1:*; frame-ancestors 'none'"
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),  # the address may hold the token
    (b"cache-control", b"no-store"),
)


def refusal(host: str, origin: str | None, bound: str) -> str | None:
    """Why a request with these headers is refused; None if it is welcome. bound: the host that is listened on."""
    meant = is_loopback if is_loopback(bound) else is_local
    name = host_name(host)
    if not meant(name) and name != bound.lower():
        return f"host '{host}' is not this machine; open the panel as http://127.0.0.1 with its port"
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return f"a page of '{origin}' may not use the panel"
    return None


def headers(_origin: str | None) -> Headers:
    """What every answer carries."""
    return HEADERS
