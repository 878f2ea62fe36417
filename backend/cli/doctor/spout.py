"""Spout, the way that frames take between this program and TouchDesigner on Windows."""

from __future__ import annotations

import sys
from importlib import import_module

from bridge.video.spout.settings import BACK_TO_THE_CARD, MAIN_MEMORY, shares_main_memory

from .finding import REDISTRIBUTABLE, Finding, fault, install, joined, note, ok

NEWEST_PYTHON = (3, 13)
"""The newest that SpoutGL has wheels for."""
PACKAGE = "SpoutGL==0.1.1"
NAME = "Spout"


def spout(platform: str, python: tuple[int, int], error: str, senders: list[str], main_memory: bool = False) -> Finding:
    """Check that Spout can be used. error: why SpoutGL cannot be imported, "" if it can; senders: who sends now;
    main_memory: whether it is set to share pictures through main memory."""
    if platform != "win32":
        others = "Syphon, NDI" if platform == "darwin" else "NDI"
        return ok(NAME, f"It does not apply: Spout is on Windows only; {others} and shared memory do its work here.")
    if python > NEWEST_PYTHON:
        return fault(
            NAME,
            f"There is no Spout package for Python {python[0]}.{python[1]}.",
            "Install Python 3.11, 3.12 or 3.13 from python.org and run: py -3.13 start.py doctor",
        )
    if "No module named" in error:
        return fault(NAME, "The package SpoutGL is missing.", f"Run: {install(PACKAGE)}")
    if error:
        return fault(
            NAME,
            f"SpoutGL cannot be loaded: {error.rstrip('.')}.",
            "Update the GPU's driver, which brings OpenGL, and install the Visual C++ redistributable from "
            f"{REDISTRIBUTABLE}; then restart.",
        )
    if main_memory:
        return fault(NAME, f"{MAIN_MEMORY}.", f"{BACK_TO_THE_CARD[0].upper()}{BACK_TO_THE_CARD[1:]}.")
    if not senders:
        return note(NAME, "It works, and nobody is sending.", "Switch on the other program's Spout output.")
    return ok(NAME, f"It works; there is {joined([f'spout:{sender}' for sender in senders])}.")


def check_spout() -> Finding:
    """Check Spout on this machine."""
    error, senders = "", []
    if sys.platform == "win32":
        try:
            import_module("SpoutGL")
            senders = _senders()
        except (ImportError, OSError) as reason:
            error = str(reason)
    return spout(sys.platform, sys.version_info[:2], error, senders, shares_main_memory())


def _senders() -> list[str]:
    from bridge.video.spout.registry import SpoutRegistry
    from bridge.video.windows import windows_objects

    return SpoutRegistry(windows_objects("spout")).senders()
