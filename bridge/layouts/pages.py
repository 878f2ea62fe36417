"""What the generated surfaces have in common: the page of a control, its title, and what it is set with."""

from __future__ import annotations

from typing import Literal

from ..control.parameters import Control, ControlTable

PAGES: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "look": ("control", "scale", "hints", "noise", "lora", "seed"),
    "mask": ("mask",),
    "pictures": ("reference", "first", "last", "anchor", "canvas"),
    "show": ("preset", "cue", "tempo", "midi"),
    "output": ("freeze", "bypass", "blackout", "reset", "source", "record", "output"),
}
"""What is on each page, by the second part of an address: `/vace/mask/source` is on the page of "mask"."""
MORE = "more"
"""The page of what is on no other."""
HOSTS_OWN = ("/vace/tick",)
"""What programs send, and nobody by hand."""
LARGEST_OF_32_BITS = 2**31 - 1
MOST_BUTTONS = 12
"""Where there are so many values or fewer, as the slots of a bank, each may have a button of its own."""

Widget = Literal["fader", "number", "toggle", "push", "once", "options", "text", "texts", "numbers"]
"""What a control is set with: a number between ends, a number without, a switch that stays, a button that is pressed
and let go, a button that sends its default, one button for each of a few values, a text, any number of texts,
several numbers at once."""


def pages(table: ControlTable) -> dict[str, list[Control]]:
    """The controls of every page, those of one page in the order of the table."""
    found: dict[str, list[Control]] = {name: [] for name in (*PAGES, MORE)}
    for row in table:
        if row.address not in HOSTS_OWN:
            found[_page(row)].append(row)
    return {name: rows for name, rows in found.items() if rows}


def title(row: Control) -> str:
    """`/vace/mask/feather` in px is "mask feather (px)"."""
    name = " ".join(_parts(row)[1:] or _parts(row))
    return f"{name} ({row.unit})" if row.unit else name


def widget(row: Control) -> Widget:
    """What a control is set with; every type has one."""
    if row.offers and row.event:
        return "options"
    match row.type:
        case "trigger":
            return "push"
        case "bool":
            return "once" if row.event else "toggle"
        case "choice":
            return "options"
        case "float" | "int":
            if row.low is None or row.high is None or is_large(row):
                return "number"
            if row.event and row.type == "int":  # the slot of a bank; or a count, which no fader goes up in order
                return "options" if row.high - row.low < MOST_BUTTONS else "number"
            return "fader"
        case "string":
            return "text"
        case "strings":
            return "texts"
        case "floats":
            return "numbers"


def is_large(row: Control) -> bool:
    """Whether it is a whole number that 32 bits do not hold: no fader is fine enough for one, it has to be typed."""
    return row.type == "int" and row.high is not None and row.high > LARGEST_OF_32_BITS


def options(row: Control) -> list[str] | list[int]:
    """The values that a control with "options" has a button for, or a menu's entry."""
    if row.choices:
        return list(row.choices)
    if row.offers:
        return [int(value) for value in row.offers] if row.type == "int" else list(row.offers)
    assert row.low is not None
    assert row.high is not None
    return list(range(round(row.low), round(row.high) + 1))


def _page(row: Control) -> str:
    second = next(iter(_parts(row)[1:2]), "")
    return next((name for name, parts in PAGES.items() if second in parts), MORE)


def _parts(row: Control) -> list[str]:
    return row.address.strip("/").split("/")
