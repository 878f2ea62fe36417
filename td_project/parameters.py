"""Rows of the table of controls as custom parameters: pure, so that it runs in TouchDesigner and in tests alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

PREFIX = "/vace/"
CLOCK = "/vace/tick"
"""Sent by the component itself, once a frame."""
SEPARATOR = ";"
"""Between the texts of a control that takes several."""
STYLES = {
    "float": "Float",
    "int": "Int",
    "bool": "Toggle",
    "string": "Str",
    "strings": "Str",
    "floats": "Str",
    "choice": "Menu",
    "trigger": "Pulse",
}


@dataclass(frozen=True)
class Spec:
    """One custom parameter. style: the last word of the append method (Float, Int, Toggle, Str, Menu, Pulse)."""

    name: str
    page: str
    label: str
    style: str
    address: str
    default: object
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    help: str
    kind: str
    """Of the control: its type in the table."""
    role: str
    """"value" is sent when it changes and shows what the backend has; an "event" holds what its "send" button sends;
    a "trigger" is a button of its own."""
    section: bool
    """Whether a line is drawn above it."""


def specs(controls: list[dict]) -> list[Spec]:
    """All parameters, in the table's order. ValueError if two would have one name, or a type is not known."""
    made: list[Spec] = []
    for row in controls:
        if row["address"] != CLOCK:
            made += _of(row, made)
    names = [spec.name for spec in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"parameter names stand for two controls each: {', '.join(twice)}")
    return made


def name_of(address: str) -> str:
    """`/vace/mask/source` -> `Masksource`: a capital, then small letters and digits, as TouchDesigner wants it."""
    return re.sub("[^a-z0-9]", "", address[len(PREFIX) :].lower()).capitalize()


def _of(row: dict, before: list[Spec]) -> list[Spec]:
    """The parameter of a row, and the button of one that happens rather than holds."""
    if row["type"] not in STYLES:
        raise ValueError(f"{row['address']} is a {row['type']}, and there is no parameter for that")
    parts = row["address"][len(PREFIX) :].split("/")
    label = " ".join(parts).capitalize()
    spec = Spec(
        name=name_of(row["address"]),
        page=parts[0].capitalize() if len(parts) > 1 else "Main",
        label=f"{label}, {row['unit']}" if row["unit"] else label,
        style=STYLES[row["type"]],
        address=row["address"],
        default=_default(row),
        low=row["low"],
        high=row["high"],
        choices=tuple(row["choices"]),
        help=f"{row['doc']} ({row['address']})",
        kind=row["type"],
        role="trigger" if row["type"] == "trigger" else "event" if row["event"] else "value",
        section=_begins_a_group(parts, before),
    )
    if spec.role != "event":
        return [spec]
    button = replace(
        spec,
        name=f"{spec.name}send",
        label=f"{label} now",
        style="Pulse",
        default=False,
        low=None,
        high=None,
        choices=(),
        help=f"Send {label.lower()} as it stands above. ({row['address']})",
        role="send",
        section=False,
    )
    return [spec, button]


def _default(row: dict) -> object:
    if row["type"] == "strings":
        return SEPARATOR.join(row["default"])
    if row["type"] == "floats":  # in one text, which is how the control takes them too
        return " ".join(f"{number:g}" for number in row["default"])
    return row["default"]


def _begins_a_group(parts: list[str], before: list[Spec]) -> bool:
    """/vace/prompt/bank/1 is the first of /vace/prompt/bank."""
    group = PREFIX + "/".join(parts[:-1]) + "/"
    return len(parts) > 2 and not any(spec.address.startswith(group) for spec in before)
