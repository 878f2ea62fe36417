"""MIDI in: knobs and keys to controls, as they were learnt, and the clock to the tempo."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import BridgeError
from ..threads import GuardedThread, report
from .mailbox import Mailbox
from .midi_input import MidiInput, port_names
from .normalised import NormalisedControl, normalised_controls
from .parameters import Control, ControlError, ControlTable, Value
from .tempo.tempo import MidiClock

log = logging.getLogger(__name__)

LEARN, FORGET = "/vace/midi/learn", "/vace/midi/forget"
LOOK_SECONDS = 2.0
"""How often it is looked whether a port has gone, or is there again."""
STEPS = 127.0
CLOCK = {"clock", "start", "continue", "stop", "songpos"}
NEAR = 2 / STEPS
"""A knob that stands this near to a value has hold of it."""


class MidiMap:
    """What each knob and key does: `cc 1/74` or `note 10/36` (channel/number) to an address, perhaps with a value.

    A knob sets a control with a range, all of it; a number does not jump to it, but is taken along when the knob comes
    past where it stands. A key presses a trigger, turns a switch over, goes on to the next choice, sets a number as
    hard as it is pressed, or sends the value that was learnt with it ("/vace/prompt/go 3"). Changes are told by
    `version`, so that they can be kept.
    """

    def __init__(self, table: ControlTable, mailbox: Mailbox, bindings: dict[str, str], tell: Callable[[str], None]):
        self._table, self._mailbox, self._notify = table, mailbox, tell
        self._normalised: dict[str, NormalisedControl] = {
            normalised.control.address: normalised for normalised in normalised_controls(table).values()
        }
        self._bindings = {place: target for place, target in bindings.items() if self._is_sound(target)}
        self._learning: str | None = None
        self._stands: dict[str, float] = {}  # where each knob was last, 0 to 1,
        self._left: dict[str, Value] = {}  # and the value that it left its control at
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
            self._notify(f"{LEARN} takes the address of a control, perhaps with a value, got {target[:100]!r}")
            return
        self._learning = target or None

    def forget(self, target: str) -> None:
        """Unbind whatever does `target`; "all" unbinds everything."""
        kept = {place: bound for place, bound in self._bindings.items() if target not in ("all", bound)}
        if len(kept) == len(self._bindings):
            self._notify(f"{FORGET}: nothing is bound to {target[:100]!r}")
            return
        self._bindings, self.version = kept, self.version + 1

    def hear(self, message: Any) -> None:
        """One message of a port (mido's): a knob (control_change) or a key (note_on, note_off)."""
        place, amount = _place(message)
        if place is None:
            return
        stood = self._stands.get(place)
        self._stands[place] = amount
        learning = self._learning
        if learning is not None and amount > 0:
            self._bindings = {**self._bindings, place: learning}
            log.info("MIDI %s does %s", place, learning)
            self._learning, self.version = None, self.version + 1
            return
        target = self._bindings.get(place)
        if target is None:
            return
        address, _, value = target.partition(" ")
        control = self._table[address]
        if value:
            if amount > 0:
                self._set(address, value)
        elif control.type == "trigger":
            self._set(address, amount > 0)
        elif place.startswith("note"):
            self._press(control, amount)
        else:
            self._turn(place, control, stood, amount)

    def _press(self, control: Control, amount: float) -> None:
        """A key on a control with a range; letting it go does nothing."""
        if amount == 0:
            return
        now = self._mailbox.get(control.address)
        if control.type == "bool":
            self._set(control.address, not now)
        elif control.type == "choice":
            self._set(control.address, (control.choices.index(str(now)) + 1) % len(control.choices))
        else:
            self._set(control.address, self._normalised[control.address].accept(amount).value)

    def _turn(self, place: str, control: Control, stood: float | None, amount: float) -> None:
        """A knob on a control with a range, moved from where it stood (None: not known) to `amount`."""
        normalised, value = self._normalised[control.address], self._mailbox.get(control.address)
        if control.type in ("float", "int") and self._left.get(place) != value:  # someone else has moved it since
            there = normalised.of(value)
            past = stood is not None and min(stood, amount) <= there <= max(stood, amount)
            if not past and abs(amount - there) > NEAR:
                return
        self._set(control.address, normalised.accept(amount).value)
        self._left[place] = self._mailbox.get(control.address)

    def _set(self, address: str, value: object) -> None:
        if report := self._mailbox.set(address, value, origin=self):
            self._notify(report)

    def _is_sound(self, target: str) -> bool:
        """Whether it names a control that a knob or key can set."""
        address, _, value = target.partition(" ")
        if address not in self._table:
            return False
        control = self._table[address]
        if not value:
            return control.type == "trigger" or address in self._normalised
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
        self._port: MidiInput | None = None
        self._thread = GuardedThread(f"midi {name}", self._look_after)
        self.name = self._open()
        self._thread.start()

    @property
    def connected(self) -> bool:
        return self._port is not None

    def close(self) -> None:
        self._thread.stop()
        self._shut()

    def hear(self, message: Any) -> None:
        """Called from the port's thread, which is the system's and must not end, as soon as a message is there."""
        try:
            self._take(message)
        except Exception as error:  # noqa: BLE001 - the next message may be another
            report(self._thread.name, error)

    def _take(self, message: Any) -> None:
        if message.type not in CLOCK:
            self._controls.hear(message)
            return
        now = time.monotonic()
        if not self._clock.led_by(self, now):
            return
        match message.type:
            case "clock":
                self._clock.pulse(now)
            case "start":
                self._clock.start()
            case "continue":
                self._clock.go_on()
            case "stop":
                self._clock.stop()
            case "songpos":
                self._clock.locate(message.pos)

    def _found(self, names: list[str]) -> str | None:
        """Its name as it is now: systems put a number behind it, which may be another one when it comes back."""
        return next((name for name in names if self._wanted.lower() in name.lower()), None)

    def _open(self) -> str:
        names = port_names()
        found = self._found(names)
        if found is None:
            there = ", ".join(repr(name) for name in names) or "none: plug one in"
            raise BridgeError(f"there is no MIDI input {self._wanted!r}; there is {there}")
        self._port = MidiInput(found, self.hear)
        return found

    def _look_after(self) -> None:
        while not self._thread.stopping.wait(LOOK_SECONDS):
            with suppress(BridgeError):
                names = port_names()
                if self._port is not None and self.name not in names:
                    log.warning("MIDI input %r is gone; it is taken up again when it comes back", self.name)
                    self._shut()
                if self._port is None and self._found(names):
                    self.name = self._open()
                    log.info("MIDI input %r is there again", self.name)

    def _shut(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()


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
