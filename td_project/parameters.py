"""Rows of the table of controls as custom parameters: pure, so that it runs in TouchDesigner and in tests alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

PREFIX = "/vace/"
CLOCK = "/vace/tick"
"""Sent by the component itself, once a frame."""
SEPARATOR = ";"
"""Between the texts of a control that takes several."""
PLAY = (
    "/vace/prompt",
    "/vace/prompt/fade",
    "/vace/control",
    "/vace/scale",
    "/vace/noise",
    "/vace/mask/source",
    "/vace/mask/invert",
    "/vace/freeze",
    "/vace/bypass",
    "/vace/blackout",
    "/vace/reset",
    "/vace/preset/fade",
)
"""What is on the page that a show is played from, besides the buttons of SLOTS."""
SLOTS = {"/vace/prompt/go": "Look", "/vace/preset/go": "Preset"}
"""Events whose offered values have a button each on that page, by the buttons' name."""
PAGES = {
    "Look": ("prompt", "control", "scale", "hints", "noise", "lora", "seed"),
    "Mask": ("mask",),
    "Pictures": ("reference", "first", "last", "anchor", "canvas"),
    "Show": ("preset", "cue", "tempo", "midi"),
    "Output": ("freeze", "bypass", "blackout", "reset", "source", "record", "output"),
}
"""What is on the other pages, by the second part of an address."""
MORE = "Output"
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
INPUTS = {"/vace/mask/source": "input2", "/vace/control/source": "input3"}
"""What a menu calls the component's own second and third input; the extension sends where their frames are."""


@dataclass(frozen=True)
class Spec:
    """One custom parameter, or several side by side. style: the last word of the append method."""

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
    a "trigger" is a button of its own; a "slot" is a button that sends `sends`; "picture" names a TOP, and its "take"
    button sends a picture of it."""
    section: bool
    """Whether a line is drawn above it."""
    parts: tuple[str, ...] = ()
    """What is put behind the name for each of several numbers: ("r", "g", "b"). None for one alone."""
    sends: str = ""


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
    """The parameter of a row, and the buttons of one that happens rather than holds, or that holds a picture."""
    if row["type"] not in STYLES:
        raise ValueError(f"{row['address']} is a {row['type']}, and there is no parameter for that")
    parts = row["address"][len(PREFIX) :].split("/")
    label = " ".join(parts).capitalize()
    style, suffixes = _style(row)
    spec = Spec(
        name=name_of(row["address"]),
        page=_page(row["address"], parts[0]),
        label=f"{label}, {row['unit']}" if row["unit"] else label,
        style=style,
        address=row["address"],
        default=_default(row, suffixes),
        low=row["low"],
        high=row["high"],
        choices=_choices(row),
        help=f"{row['doc']} ({row['address']})",
        kind=row["type"],
        role="trigger" if row["type"] == "trigger" else "event" if row["event"] else "value",
        section=_begins_a_group(parts, before),
        parts=suffixes,
    )
    button = replace(
        spec, style="Pulse", default=False, low=None, high=None, choices=(), section=False, parts=(), role="send"
    )
    made = [spec]
    if spec.role == "event":
        help_text = f"Send {label.lower()} as it stands above. ({row['address']})"
        made.append(replace(button, name=f"{spec.name}send", label=f"{label} now", help=help_text))
    if row.get("means") == "picture" and row["type"] == "string":
        made += _from_a_top(spec, button, label)
    if row["address"] in SLOTS:
        made += _slots(row, button)
    return made


def _from_a_top(spec: Spec, button: Spec, label: str) -> list[Spec]:
    """A TOP whose picture is taken, and the button that takes it."""
    top = replace(spec, name=f"{spec.name}top", label=f"{label} from a TOP", style="TOP", default=None, role="picture")
    top = replace(top, help=f"The TOP that {label} now takes a picture of.", section=False)
    help_text = f"Save a picture of the TOP above, and use it. ({spec.address})"
    return [top, replace(button, name=f"{spec.name}take", label=f"{label}: take it", help=help_text, role="take")]


def _slots(row: dict, button: Spec) -> list[Spec]:
    """A button for each value that the table offers, on the page that a show is played from."""
    kind = SLOTS[row["address"]]
    return [
        replace(
            button,
            name=f"{kind}{value}",
            page="Play",
            label=f"{kind} {value}",
            help=f"{row['doc']} ({row['address']} {value})",
            role="slot",
            section=value == row["offers"][0],
            sends=value,
        )
        for value in row.get("offers", ())
    ]


def _style(row: dict) -> tuple[str, tuple[str, ...]]:
    """How the parameter is shown, and the suffixes of its numbers where it has several."""
    means = row.get("means", "")
    if means == "colour":
        return "RGB", ("r", "g", "b")
    if means == "box":
        return "Float", ("1", "2", "3", "4")
    if means == "picture" and row["type"] == "string":
        return "File", ()
    if row["type"] == "string" and _choices(row):
        return "StrMenu", ()
    return STYLES[row["type"]], ()


def _choices(row: dict) -> tuple[str, ...]:
    if row["type"] != "string":
        return tuple(row["choices"])
    own = (INPUTS[row["address"]],) if row["address"] in INPUTS else ()
    offers = tuple(row.get("offers", ()))
    return (*(offers or ("",)), *own) if own else offers


def _default(row: dict, suffixes: tuple[str, ...]) -> object:
    if row["type"] == "strings":
        return SEPARATOR.join(row["default"])
    if suffixes:
        return tuple(row["default"])
    if row["type"] == "floats":  # in one text, which is how the control takes them too
        return " ".join(f"{number:g}" for number in row["default"])
    return row["default"]


def _page(address: str, group: str) -> str:
    if address in PLAY:
        return "Play"
    return next((page for page, groups in PAGES.items() if group in groups), MORE)


def _begins_a_group(parts: list[str], before: list[Spec]) -> bool:
    """/vace/prompt/bank/1 is the first of /vace/prompt/bank."""
    group = PREFIX + "/".join(parts[:-1]) + "/"
    return len(parts) > 2 and not any(spec.address.startswith(group) for spec in before)
