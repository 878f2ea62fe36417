"""Sources and sinks that other packages bring."""

from __future__ import annotations

from typing import Any

from bridge.video.address import register
from vace_core.plugins import VIDEO, plugins


def register_video() -> None:
    """Make the schemes of plug-ins known, once in this process; those that cannot be used are logged and left out.

    A plug-in is what `bridge.video.address.register` takes, under the name of its scheme.
    """
    plugins(VIDEO, _accept)


def _accept(scheme: str, transport: Any) -> Any:
    register(scheme, transport)
    return transport
