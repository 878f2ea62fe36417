"""MIDI in: knobs and keys to controls, as they were learnt, and the clock to the tempo."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mido

from ..video.protocol import BridgeError
from .mailbox import Mailbox
from .parameters import ControlError, ControlTable
from .tempo import MidiClock
from .twins import Twin, twins

log = logging.getLogger(__name__)

LEARN, FORGET = "/vace/midi/learn", "/vace/midi/forget"
LOOK_SECONDS = 2.0
"""How often it is looked whether a port has gone, or is there again."""
STEPS = 127.0


class MidiMap:
    """What each knob and key does: `cc 1/74` or `note 10/36` (channel/number) to an address, perhaps with a value.

    A knob sets a control with a range, all of it. A key presses a trigger, turns a switch over, or sends the value
    that was learnt with it ("/vace/prompt/go 3"). Changes are told by `version`, so that they can be kept.
    """

    def __init__(self, table: ControlTable, mailbox: Mailbox, bindings: dict[str, str], tell: Callable[[str], None]):
        self._table, self._mailbox, self._tell = table, mailbox, tell
        self._twins: dict[str, Twin] = {twin.control.address: twin for twin in twins(table).values()}
        self._bindings = {place: target for place, target in bindings.items() if self._is_sound(target)}
        self._learning: str | None = None
        self.version = 0
        mailbox.listen(LEARN, lambda target, _: self.learn(str(target)))
        mailbox.listen(FORGET, lambda target, _: self.forget(str(target)))

    @property
    def bindings(self) -> dict[str, str]:
        """A copy: place to target."""
        return dict(self._bindings)

    def learn(self, target: str) -> None:
        """Bind `target` ("ADDRESS" or "ADDRESS VALUE") to whatever is moved next; an empty one ends the waiting."""
        if target and not self._is_sound(target):
            self._tell(f"{LEARN} takes the address of a control, perhaps with a value, got {target[:100]!r}")
            return
        self._learning = target or None

    def forget(self, target: str) -> None:
        """Unbind whatever does `target`; "all" unbinds everything."""
        kept = {place: bound for place, bound in self._bindings.items() if target not in ("all", bound)}
        if len(kept) == len(self._bindings):
            self._tell(f"{FORGET}: nothing is bound to {target[:100]!r}")
            return
        self._bindings, self.version = kept, self.version + 1

    def hear(self, message: Any) -> None:
        """One message of a port (mido's): a knob (control_change) or a key (note_on, note_off)."""
        place, amount = _place(message)
        if place is None:
            return
        if self._learning is not None and amount > 0:
            self._bindings[place] = self._learning
            log.info("MIDI %s does %s", place, self._learning)
            self._learning, self.version = None, self.version + 1
            return
        target = self._bindings.get(place)
        if target is not None:
            self._do(target, amount, is_key=place.startswith("note"))

    def _do(self, target: str, amount: float, is_key: bool) -> None:
        address, _, value = target.partition(" ")
        control = self._table[address]
        if value:
            if amount > 0:
                self._mailbox.set(address, value, origin=self)
        elif control.type == "trigger":
            self._mailbox.set(address, amount > 0, origin=self)
        elif control.type == "bool" and is_key:
            if amount > 0:
                self._mailbox.set(address, not self._mailbox.get(address), origin=self)
        elif twin := self._twins.get(address):
            self._mailbox.set(address, twin.accept(amount).value, origin=self)

    def _is_sound(self, target: str) -> bool:
        """Whether it names a control that a knob or key can set."""
        address, _, value = target.partition(" ")
        if address not in self._table:
            return False
        control = self._table[address]
        if not value:
            return control.type == "trigger" or address in self._twins
        with suppress(ControlError):
            control.accept(value)
            return True
        return False


class MidiPort:
    """A MIDI input by (part of) its name, read by its own thread; one that is unplugged is taken up again.

    Raises BridgeError if it is not there at the start, naming those that are.
    """

    def __init__(self, name: str, clock: MidiClock, controls: MidiMap) -> None:
        self._wanted, self._clock, self._controls = name, clock, controls
        self._stopping = threading.Event()
        self._port: Any = None
        self.name = self._open()
        self._thread = threading.Thread(target=self._look_after, name=f"midi {name}", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        return self._port is not None

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._shut()

    def hear(self, message: Any) -> None:
        """Called from the port's thread, as soon as a message is there."""
        match message.type:
            case "clock":
                self._clock.pulse(time.monotonic())
            case "start":
                self._clock.start()
            case "continue":
                self._clock.go_on()
            case "stop":
                self._clock.stop()
            case "songpos":
                self._clock.locate(message.pos)
            case _:
                self._controls.hear(message)

    def _open(self) -> str:
        names = port_names()
        found = next((name for name in names if self._wanted.lower() in name.lower()), None)
        if found is None:
            there = ", ".join(repr(name) for name in names) or "none: plug one in"
            raise BridgeError(f"there is no MIDI input {self._wanted!r}; there is {there}")
        try:
            self._port = mido.open_input(found, callback=self.hear)  # pyright: ignore[reportAttributeAccessIssue]
        except OSError as reason:
            raise BridgeError(f"MIDI input {found!r} cannot be opened ({reason}); another program may use it") from None
        return found

    def _look_after(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with suppress(BridgeError):
                there = self.name in port_names()
                if self._port is not None and not there:
                    log.warning("MIDI input %r is gone; it is taken up again when it comes back", self.name)
                    self._shut()
                elif self._port is None and there:
                    self._open()
                    log.info("MIDI input %r is there again", self.name)

    def _shut(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()


def port_names() -> list[str]:
    """MIDI inputs of this machine. Raises BridgeError where there is no MIDI at all."""
    try:
        return list(mido.get_input_names())  # pyright: ignore[reportAttributeAccessIssue]
    except (OSError, ImportError) as reason:
        raise BridgeError(f"this machine has no MIDI ({reason}); start without --midi") from None


def _place(message: Any) -> tuple[str | None, float]:
    """Which knob or key, and how far it is moved or pressed, 0 to 1."""
    match message.type:
        case "control_change":
            return f"cc {message.channel + 1}/{message.control}", message.value / STEPS
        case "note_on":
            return f"note {message.channel + 1}/{message.note}", message.velocity / STEPS
        case "note_off":
            return f"note {message.channel + 1}/{message.note}", 0.0
        case _:
            return None, 0.0
