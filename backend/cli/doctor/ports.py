"""The ports that `run` listens on, each really tried."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bridge.web.ports import listen

from .finding import Finding, fault, ok

if TYPE_CHECKING:
    from ...front.options import RunOptions

ACCESS = (errno.EACCES, 10013)
NOT_HERE = (errno.EADDRNOTAVAIL, 10049)
STEP, TRIES = 10, 20
"""How a free port is looked for: this far apart, so often."""


@dataclass(frozen=True)
class Port:
    """A port that `run` opens, and the option that moves it."""

    name: str
    kind: Literal["udp", "tcp"]
    host: str
    number: int
    option: str


def port(wanted: Port, holder: Callable[[Port], str]) -> Finding:
    """Check that a port can be had. holder: names the program that has it, "" if that can't be seen."""
    name, place = f"Port, {wanted.name}", f"{wanted.kind.upper()} port {wanted.number} on {wanted.host}"
    reason = trouble(wanted)
    if reason is None:
        return ok(name, f"{place} is free.")
    if reason.errno in NOT_HERE:
        return fault(
            name, f"{wanted.host} is no address of this machine.", f"Start with {wanted.option} 127.0.0.1:PORT."
        )
    program, elsewhere = holder(wanted), f"with {wanted.option} {wanted.host}:{_free(wanted)}"
    if reason.errno in ACCESS and not program:
        return fault(
            name,
            f"{place} is kept by the system.",
            f"Start {elsewhere}, and send there. On Windows, what it keeps is listed by: netsh int ipv4 show "
            f"excludedportrange {wanted.kind}",
        )
    fix = f"Close that program, which may be this one, running already; or start {elsewhere}, and send there."
    return fault(name, f"{place} is taken{f' by {program}' if program else ''}.", fix)


def trouble(wanted: Port) -> OSError | None:
    """Open a port as `run` does, and close it again; the reason if that does not work."""
    try:
        if wanted.kind == "tcp":
            listen(wanted.host, wanted.number).close()
        else:
            family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as server:
                server.bind((wanted.host, wanted.number))
    except OSError as reason:
        cause = reason.__cause__  # `listen` says it in words, and keeps the number there
        return cause if isinstance(cause, OSError) else reason
    return None


def holder_of(wanted: Port) -> str:
    """Return the name of the program that has a port, as far as the system tells this user."""
    import psutil

    try:
        for row in psutil.net_connections(wanted.kind):
            listens = wanted.kind == "udp" or row.status == psutil.CONN_LISTEN
            if row.laddr and row.laddr.port == wanted.number and listens and row.pid:
                return f"{psutil.Process(row.pid).name()} (process {row.pid})"
    except (psutil.Error, OSError):
        pass  # on a Mac only the administrator may know
    return ""


def wanted_ports(options: RunOptions) -> list[Port]:
    """Return the ports that a show with these options would listen on."""
    steering = options.steering
    rows: list[tuple[str, Literal["udp", "tcp"], tuple[str, int] | None, str]] = [
        ("OSC", "udp", steering.osc, "--osc"),
        ("OSCQuery", "tcp", steering.oscquery, "--oscquery"),
        ("page", "tcp", options.panel, "--panel"),
    ]
    return [Port(name, kind, *address, option) for name, kind, address, option in rows if address is not None]


def _free(wanted: Port) -> int:
    numbers = range(wanted.number + STEP, min(wanted.number + STEP * TRIES, 65535), STEP)
    return next((number for number in numbers if trouble(replace(wanted, number=number)) is None), 0)
