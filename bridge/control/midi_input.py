"""MIDI inputs of the system, by rtmidi2, whose wheels there are for every Python that the program runs with.

Messages are handed on as mido's, which reads their bytes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mido

from ..errors import BridgeError

CLIENT = "VACE Live"
"""What the system calls us among the programs that use MIDI."""


class MidiInput:
    """The input of that whole name, open until `close`. hear(message): called from the system's thread, for each one.

    Raises BridgeError if it is not there any more, or cannot be opened.
    """

    def __init__(self, name: str, hear: Callable[[Any], None]) -> None:
        self._hear = hear
        try:
            self._port = _rtmidi().MidiIn(CLIENT)
            self._port.ignore_types(midi_sysex=True, midi_time=False, midi_sense=True)  # the clock is wanted
            self._port.callback = self._take
            self._port.open_port(port_names().index(name))
        except (RuntimeError, OSError, ValueError) as reason:
            raise BridgeError(f"MIDI input {name!r} cannot be opened ({reason}); another program may use it") from None

    def close(self) -> None:
        self._port.close_port()

    def _take(self, octets: list[int], _seconds: float) -> None:
        with suppress(ValueError):  # a device that sends what is no message
            self._hear(mido.Message.from_bytes(octets))


def port_names() -> list[str]:
    """MIDI inputs of this machine, in the system's order. Raises BridgeError where there is no MIDI at all."""
    try:
        return list(_rtmidi().get_in_ports())
    except (RuntimeError, OSError) as reason:
        raise BridgeError(f"this machine has no MIDI ({reason}); start without --midi") from None


def _rtmidi() -> Any:
    try:
        return importlib.import_module("rtmidi2")
    except ImportError:
        raise BridgeError(
            "MIDI needs the package rtmidi2; install it with `python start.py pip install rtmidi2==1.5.0`, "
            "or start without --midi"
        ) from None
