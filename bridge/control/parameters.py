"""The type of a control, and of the table of all of them.

A control is declared once. Whatever shows or sets it (OSC, the page, generated layouts and docs) reads the table, and
every value on its way in goes through `Control.accept`.
"""

from __future__ import annotations

import difflib
import math
import random
import re
import reprlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

ControlType = Literal["float", "int", "bool", "string", "strings", "floats", "choice", "trigger"]
"""A "strings" control takes any number of texts, "floats" as many numbers as its `counts` say; a "trigger" holds no
value, it happens."""
LISTS: tuple[ControlType, ...] = ("strings", "floats")
"""Whose values are all the arguments of a message."""
Acts = Literal["at once", "next chunk"]
Means = Literal["", "picture", "frames", "colour", "box"]
"""What a text or several numbers stand for: the path of a picture; a path or frame address of a video; red, green and
blue, 0 to 1; or four numbers that draw a shape in the picture."""
Value = float | int | bool | str | tuple[str, ...] | tuple[float, ...]

MAX_TEXT = 2000
"""Characters of a text that are kept."""
MOST_READ = 4 * MAX_TEXT
"""Characters of a text that are looked at, so that one of a megabyte takes no longer than it must."""
MAX_TEXTS = 64
"""Texts of a "strings" control that are kept."""
ROUNDING = 1e-6
"""What a number may be off its range, relative, without a word: controllers send 32-bit floats."""
QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
"""What may stand around a text, opening to closing: some hosts add them, and so do systems that copy a path."""
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
WHOLE = re.compile(r"[+-]?\d{1,19}")
DRAW = -1
"""What has a fresh value drawn, where a control `draws`."""
LARGEST_DRAWN = 2**31 - 1
"""Which every host can say."""
TRUE = {"true", "on", "yes", "1"}
FALSE = {"false", "off", "no", "0"}


class ControlError(ValueError):
    """A value that a control cannot take. The message names the control, the value and what it takes."""


@dataclass(frozen=True)
class Accepted:
    """A value as the control took it, and what was done to it, or None where it was taken as it came."""

    value: Value
    report: str | None = None


DESCRIBED = (
    "address",
    "type",
    "default",
    "doc",
    "low",
    "high",
    "unit",
    "acts",
    "choices",
    "counts",
    "dangerous",
    "event",
    "also",
    "offers",
    "means",
)
"""What of a row is told to other programs."""


@dataclass(frozen=True)
class Control:
    """One row of the table. low and high bound numbers, both included; choices are those of a "choice", counts the
    lengths that "floats" may have, the shortest first.

    `dangerous` controls are reached by their full address alone, never by a pattern, and from other machines only by
    those who are named. An `event` holds no value: each message of it counts, with what it carries (the slot of a
    bank, the number of a tick); one without an argument carries the default. Further arguments of a message set the
    controls named in `also`, in their order and together with this one.

    names(value): the files, frame addresses and devices that a value names, which not everybody may (see
    media_folders.py); None for a control that names none. It must not ask a disk.

    offers: values of a text, or of an event, that a surface without a keyboard has buttons for, and others a menu. The
    control takes more than these. means: what a text or several numbers stand for, for whoever shows them.

    check(value): raises ValueError, with the reason, for a value of the right type that the control cannot take all
    the same; it is called by whoever sends the value, so it must be quick.

    What else is done with an ordinary control is said by the last three: `preset`, whether presets may keep it;
    `live_only`, whether it is of use only in a show that goes on, and none to a rendering; `own_option`, whether the
    command line has another option for it than the one made of its address.
    """

    address: str
    type: ControlType
    default: Value
    doc: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    acts: Acts = "next chunk"
    choices: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    dangerous: bool = False
    event: bool = False
    also: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    means: Means = ""
    names: Callable[[Any], Iterable[str]] | None = None
    check: Callable[[Any], object] | None = None
    draws: bool = False
    preset: bool = True
    live_only: bool = False
    own_option: bool = False

    @property
    def holds(self) -> bool:
        """Whether there is a value to ask for."""
        return self.type != "trigger" and not self.event

    @property
    def of_chunk(self) -> bool:
        """Whether it holds a value that a chunk is made with."""
        return self.holds and self.acts == "next chunk"

    @property
    def in_preset(self) -> bool:
        """Whether presets keep its value: a chunk's look, and none of what acts at once, as panic switches do."""
        return self.preset and self.of_chunk

    def __post_init__(self) -> None:
        if self.type not in get_args(ControlType):
            raise ValueError(f"{self.address}: unknown type {self.type!r}")
        if self.type == "choice" and self.default not in self.choices:
            raise ValueError(f"{self.address}: default {self.default!r} is not one of {self.choices}")
        if self.type == "floats" and not (isinstance(self.default, tuple) and len(self.default) in self.counts):
            raise ValueError(f"{self.address}: default {self.default!r} is not{self._numbers_wanted()}")

    def describe(self) -> dict[str, Any]:
        """The row as plain data, for JSON: what whoever shows or sets it has to know."""
        return {name: getattr(self, name) for name in DESCRIBED}

    def accept(self, value: Any) -> Accepted:
        """The value as this control's type: tolerant of what controllers send, clamped to the range.

        A float does for an int (rounded), 0 and 1 for a bool, a number as text for a number (also with a decimal
        comma), a text of several (with spaces or commas between) for several. Quotation marks around a whole text are
        taken off. Raises ControlError where nothing sensible can be made of it.
        """
        accepted = self.convert(value)
        self.approve(accepted.value)
        return accepted

    def approve(self, value: Value) -> None:
        """ControlError for a value of the right type that the control can't take all the same."""
        if self.check is not None:
            try:
                self.check(value)
            except ValueError as reason:
                raise ControlError(f"{self.address}: {reason}") from reason

    def convert(self, value: Any) -> Accepted:
        """As `accept`, before `check`."""
        if isinstance(value, str) and self.type != "strings":
            value = unquoted(value)
        match self.type:
            case "float" | "int":
                return self._number(value)
            case "bool":
                return Accepted(self._truth(value))
            case "string":
                return self._text(value)
            case "strings":
                return self._texts(value)
            case "floats":
                return self._numbers(value)
            case "choice":
                return self._choice(value)
            case "trigger":
                return Accepted(self._truth(value))

    def _number(self, value: Any) -> Accepted:
        number = _number_in(value)
        if number is None:
            raise ControlError(f"{self.address} takes a number{self._range()}, got {_shown(value)}")
        if self.draws and number == DRAW:
            drawn = random.randint(0, LARGEST_DRAWN)
            return Accepted(drawn, f"{self.address} {DRAW} draws a value: {drawn} is used")
        low, high = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        kept = min(max(number, low), high)
        taken = round(kept) if self.type == "int" else float(kept)
        if not math.isclose(kept, number, rel_tol=ROUNDING, abs_tol=ROUNDING):
            report = f"{self.address} takes{self._range()}, got {_plain(number)}: {_plain(taken)} is used"
            return Accepted(taken, report)
        return Accepted(taken)

    def _truth(self, value: Any) -> bool:
        if isinstance(value, str) and (word := value.strip().lower()) in TRUE | FALSE:
            return word in TRUE
        number = _number_in(value)
        if number is not None:
            return number >= 0.5
        raise ControlError(f"{self.address} takes 0 or 1, got {_shown(value)}")

    def _text(self, value: Any) -> Accepted:
        if not isinstance(value, str | int | float):
            raise ControlError(f"{self.address} takes a text, got {_shown(value)}")
        whole = _plain(value) if isinstance(value, float) else str(value)
        begin = whole[:MOST_READ]
        text = "".join(" " if c.isspace() else c for c in begin if c.isspace() or _printable(c)).strip()
        if len(text) > MAX_TEXT or len(whole) > MOST_READ:
            report = f"{self.address} takes {MAX_TEXT} characters, got {len(whole)}: the rest is cut"
            return Accepted(text[:MAX_TEXT].strip(), report)
        return Accepted(text)

    def _texts(self, value: Any) -> Accepted:
        parts = list(value) if isinstance(value, list | tuple) else [value]
        accepted = [self._text(unquoted(part) if isinstance(part, str) else part) for part in parts[:MAX_TEXTS]]
        reports = [part.report for part in accepted if part.report]
        if len(parts) > MAX_TEXTS:
            reports.append(f"{self.address} takes {MAX_TEXTS} texts, got {len(parts)}: the rest is left out")
        return Accepted(tuple(str(part.value) for part in accepted), "; ".join(reports) or None)

    def _numbers(self, value: Any) -> Accepted:
        """All of them or none: a shape with some old and some new numbers is one that nobody has drawn."""
        parts = list(value) if isinstance(value, list | tuple) else [value]
        if len(parts) == 1 and isinstance(parts[0], str):
            parts = self._several(unquoted(parts[0][:MOST_READ]))
        numbers = [_number_in(part) for part in parts[: max(self.counts) + 1]]
        if len(parts) not in self.counts or None in numbers:
            raise ControlError(f"{self.address} takes{self._numbers_wanted()}{self._range()}, got {_shown(value)}")
        one = Control(self.address, "float", 0.0, "", self.low, self.high, self.unit)
        accepted = [one._number(number) for number in numbers]
        reports = [each.report for each in accepted if each.report]
        return Accepted(tuple(float(each.value) for each in accepted), reports[0] if reports else None)  # type: ignore[arg-type]

    def _several(self, text: str) -> list[str]:
        """The numbers in a text: commas are between them, or in them where that alone gives as many as wanted."""
        apart, spaced = text.replace(",", " ").split(), text.split()
        return spaced if len(apart) not in self.counts and len(spaced) in self.counts else apart

    def _numbers_wanted(self) -> str:
        if len(self.counts) < 3:
            return f" {' or '.join(map(str, self.counts))} numbers"
        return f" {self.counts[0]}, {self.counts[1]} and so on to {self.counts[-1]} numbers"

    def _choice(self, value: Any) -> Accepted:
        """By name in any case, or by number from 0, also as text."""
        if isinstance(value, str):
            word = value.strip().lower()
            for choice in self.choices:
                if word == choice.lower():
                    return Accepted(choice)
        number = _number_in(value)
        if number is not None and 0 <= round(number) < len(self.choices):
            return Accepted(self.choices[round(number)])
        raise ControlError(f"{self.address} takes one of {', '.join(self.choices)}, got {_shown(value)}")

    def _range(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return f" {_plain(self.low)} to {_plain(self.high)}{' ' + self.unit if self.unit else ''}"


class ControlTable:
    """All controls, in the order of their declaration. ValueError if an address is declared twice, or not at all."""

    def __init__(self, controls: Iterable[Control]) -> None:
        self._rows: dict[str, Control] = {}
        for control in controls:
            if control.address in self._rows:
                raise ValueError(f"{control.address} is declared twice")
            self._rows[control.address] = control
        for control in self:
            if missing := [address for address in control.also if address not in self]:
                raise ValueError(f"{control.address} also sets {missing[0]}, which is not declared")
        # A host may send all its channels here, sixty times a second each: the search is done once an address.
        self._nearest = lru_cache(maxsize=256)(self._search)

    def __iter__(self) -> Iterator[Control]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, address: str) -> bool:
        return address in self._rows

    def __getitem__(self, address: str) -> Control:
        """The control of that address; ControlError naming the closest ones otherwise."""
        control = self._rows.get(address)
        if control is None:
            raise ControlError(f"there is no control {_shown(address)}; {self._nearest(address[:100])}")
        return control

    def _search(self, address: str) -> str:
        near = difflib.get_close_matches(address, self._rows, n=3, cutoff=0.5)
        return f"did you mean {' or '.join(near)}?" if near else "see docs/reference/controls.md"


def _printable(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def unquoted(text: str) -> str:
    """Without the quotation marks that surround it as a whole; `"a" and "b"` keeps its own."""
    inner = text.strip()
    closing = QUOTES.get(inner[:1])
    if closing is None or len(inner) < 2 or inner[-1] != closing:
        return text
    inside = inner[1:-1]
    return text if inner[0] in inside or closing in inside else inside


def is_number(value: Any) -> bool:
    """Whether a control that takes a number can make one of it."""
    return _number_in(value) is not None


def _number_in(value: Any) -> float | int | None:
    """A finite number, also from its text; None for everything else. Whole numbers are exact, however large."""
    if isinstance(value, str):
        value = unquoted(value).strip()
        if WHOLE.fullmatch(value):
            return int(value)
        if DECIMAL_COMMA.fullmatch(value):
            value = value.replace(",", ".")
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(value) if isinstance(value, int) else number


def _plain(number: float) -> str:
    """Whole numbers in full, others to six digits: what a fader that should have been a 3 sends is a 3."""
    if isinstance(number, int):
        return str(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:g}"


def in_words(value: Value) -> str:
    """A value as it can be typed; the items of a list with spaces between."""
    items = value if isinstance(value, tuple) else (value,)
    return " ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)


def _shown(value: Any) -> str:
    """What a sender sent, short enough for one line, however long or deeply nested."""
    return _SHORT.repr(value)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 2
