"""Rows of the table of controls as custom parameters: pure, so that it runs in TouchDesigner and in tests alike."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "/vace/"
CLOCK = "/vace/tick"
"""Sent by the component itself, once a frame."""
SEPARATOR = ";"
"""Between the texts of a control that takes several."""


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
    """Of the control: its type in the table, "event" for one that holds no value, "send" for the button of one."""


def specs(controls: list[dict]) -> list[Spec]:
    """All parameters, in the table's order. ValueError if two would have one name."""
    made: list[Spec] = []
    for row in controls:
        if row["address"] != CLOCK:
            made += _of(row)
    names = [spec.name for spec in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"parameter names stand for two controls each: {', '.join(twice)}")
    return made


def name_of(address: str) -> str:
    """`/vace/mask/source` -> `Masksource`: a capital, then small letters and digits, as TouchDesigner wants it."""
    return re.sub("[^a-z0-9]", "", address[len(PREFIX) :].lower()).capitalize()


def _of(row: dict) -> list[Spec]:
    parts = row["address"][len(PREFIX) :].split("/")
    styles = {"float": "Float", "int": "Int", "bool": "Toggle", "choice": "Menu", "trigger": "Pulse"}
    spec = Spec(
        name=name_of(row["address"]),
        page=parts[0].capitalize() if len(parts) > 1 else "Main",
        label=" ".join(parts).capitalize(),
        style=styles.get(row["type"], "Str"),
        address=row["address"],
        default=SEPARATOR.join(row["default"]) if row["type"] == "strings" else row["default"],
        low=row["low"],
        high=row["high"],
        choices=tuple(row["choices"]),
        help=f"{row['doc']} ({row['address']})",
        kind="event" if row["event"] else row["type"],
    )
    if not row["event"]:
        return [spec]
    button = Spec(
        name=f"{spec.name}send",
        page=spec.page,
        label=f"{spec.label} now",
        style="Pulse",
        address=spec.address,
        default=False,
        low=None,
        high=None,
        choices=(),
        help=f"Send {spec.label.lower()} as it stands above. ({row['address']})",
        kind="send",
    )
    return [spec, button]
