"""The MIDI inputs of a show: their ports, what was learnt, and the file that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bridge.control.mailbox import Mailbox
from bridge.control.midi import LEARN, MidiMap, MidiPort
from bridge.control.parameters import ControlTable
from bridge.control.tempo.tempo import MidiClock

from ..runtime.json_store import JsonStore
from .autosave import Autosave

KEEP_SECONDS = 1.0


def open_midi(
    names: Sequence[str],
    table: ControlTable,
    mailbox: Mailbox,
    clock: MidiClock,
    path: Path | None,
    tell: Callable[[str, str], None],
) -> Callable[[], None]:
    """Open inputs by (part of) their names; returns what closes them. Raises BridgeError or OSError.

    path: the file of what was learnt, None to keep nothing.
    """
    file = JsonStore(path, "MIDI map")
    kept = {place: target for place, target in file.read().items() if isinstance(target, str)}
    controls = MidiMap(table, mailbox, kept, lambda reason: tell(LEARN, reason))
    written = controls.version

    def write() -> None:
        nonlocal written
        version = controls.version
        if version != written:
            file.write(dict(controls.bindings))
            written = version

    with ExitStack() as opened:
        autosave = Autosave([(write, KEEP_SECONDS)], lambda reason: tell(LEARN, reason))
        opened.callback(autosave.stop)
        for name in names:
            opened.callback(MidiPort(name, clock, controls).close)
        autosave.start()
        return opened.pop_all().close
