"""Everything that is generated from the table of controls says the same of every control.

Each output is read back into facts: the type, range, choices, default and meaning of each address, as far as it tells
them, in one notation. They must be those of the table; and when a row of the table is another, they must not be.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import py2tosc
import pytest
from py2tosc.messages import OscMessage

from backend.controls.docs import markdown
from backend.controls.table import TABLE
from bridge.control.mailbox import Mailbox
from bridge.control.oscquery.tree import Tree
from bridge.control.parameters import LISTS, Control, ControlTable, in_words
from bridge.layouts.files import OPEN_STAGE_CONTROL, OSC_MAP, TOUCHOSC, TOUCHOSC_PHONE
from bridge.layouts.open_stage_control import session
from bridge.layouts.osc_map import osc_map
from bridge.layouts.touchosc import layout, phone_layout
from tests.bridge.control.every_type import EVERY_TYPE

DOCS = Path(__file__).resolve().parents[3] / "docs"
STALE = "the table has changed since: run `python start.py python docs/scripts/generated.py`"

FURTHER = re.compile(r"( A further argument sets [^.]*\.)?( By its full address only\.)?$")
"""What the page adds to a meaning."""

Facts = dict[str, dict[str, Any]]
"""By address; of type, range, choices, default and doc those that are told. No default is None."""


def facts(table: ControlTable) -> Facts:
    """What the table says."""
    return {
        row.address: {
            "type": row.type,
            "range": None if row.low is None or row.high is None else (row.low, row.high),
            "choices": row.choices,
            "values": tuple(map(str, row.offers or row.choices or slots(row))),
            "default": plain(row.default) if row.holds else None,
            "doc": row.doc,
        }
        for row in table
    }


def slots(row: Control) -> tuple[int, ...]:
    """Of an event that is one of a few whole numbers."""
    few = row.type == "int" and row.event and row.high is not None and row.high < 12
    return tuple(range(round(row.low or 0), round(row.high or 0) + 1)) if few else ()


def playable(table: ControlTable) -> Facts:
    """What surfaces for hands have: all but the host's own, and without what nothing can be pressed for."""
    return {address: of for address, of in facts(table).items() if address != "/vace/tick"}


def pressable(table: ControlTable) -> Facts:
    """What a surface without a keyboard has: of the events, those with buttons."""
    typed = {row.address for row in table if row.event and row.type in ("string", "strings", "floats", "int", "float")}
    kept = {row.address for row in table if row.offers or slots(row) or (row.low is not None and row.type == "float")}
    return {address: of for address, of in playable(table).items() if address not in typed - kept}


def plain(value: Any) -> float | str | None:
    """A default in one notation, whichever an output has: numbers and switches as numbers, nothing as None."""
    if isinstance(value, list | tuple):
        value = " ".join(map(in_words, value))
    try:
        return float(value)
    except ValueError:
        return value or None


def of_json(listed: str) -> Facts:
    """From `controls --json`, which the page of TouchDesigner is made from."""
    rows = json.loads(listed)["controls"]
    return {
        row["address"]: {
            "type": row["type"],
            "range": None if row["low"] is None or row["high"] is None else (row["low"], row["high"]),
            "choices": tuple(row["choices"]),
            "default": plain(row["default"]) if not row["event"] and row["type"] != "trigger" else None,
            "doc": row["doc"],
        }
        for row in rows
    }


def of_markdown(page: str) -> Facts:
    """From docs/reference/controls.md."""
    found: Facts = {}
    for line in page.splitlines():
        if not line.startswith("| `/vace/") or line.count("|") != 8:
            continue
        address, kind, span, default, _, _, doc = (cell.strip() for cell in line.split("|")[1:-1])
        low, to, high = span.partition(" to ")
        found[address.strip("`")] = {
            "type": kind.removesuffix(" event"),
            "range": (ast.literal_eval(low), ast.literal_eval(high)) if to else None,
            "choices": tuple(span.split(", ")) if kind.startswith("choice") else (),
            "default": plain(ast.literal_eval(default) if default.startswith("(") else default),
            "doc": FURTHER.sub("", doc),
        }
    return found


def of_oscquery(root: dict[str, Any]) -> Facts:
    """From the tree of the OSCQuery server."""

    def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "TYPE" in node:
            yield node
        for child in node.get("CONTENTS", {}).values():
            yield from leaves(child)

    found: Facts = {}
    for leaf in leaves(root):
        span = leaf.get("RANGE", [{}])[0]
        kind = {"f": "float", "i": "int", "T": "bool", "N": "trigger"}.get(leaf["TYPE"], leaf["TAGS"][0])
        assert kind == leaf["TAGS"][0]
        value = leaf.get("VALUE", [])
        found[leaf["FULL_PATH"]] = {
            "type": kind,
            "range": (span["MIN"], span["MAX"]) if {"MIN", "MAX"} <= set(span) else None,
            "choices": tuple(span.get("VALS", ())),
            "default": plain(value if kind in LISTS else "".join(map(str, map(number, value)))),
            "doc": leaf["DESCRIPTION"],
        }
    return found


def number(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def of_touchosc(document: py2tosc.Document) -> Facts:
    """From the .tosc; what sets a control there tells its type, or some of it."""
    nodes: dict[str, list[tuple[py2tosc.Control, OscMessage]]] = {}
    _play, *sheets = document.root.children[0].children  # what is on the first page is on another as well
    for node in (node for sheet in sheets for node in sheet.walk()):
        for message in node.messages:
            if isinstance(message, OscMessage):
                nodes.setdefault(str(message.path[0].value), []).append((node, message))
    return {address: of_cell(cell) for address, cell in nodes.items()}


def of_cell(cell: list[tuple[py2tosc.Control, OscMessage]]) -> dict[str, Any]:
    (doc,) = {node.get("tag") for node, _ in cell}
    told: dict[str, Any] = {"doc": doc}
    by_kind = {str(node.control_type): (node, message) for node, message in cell}
    constants = [m.arguments[0] for _, m in cell if m.arguments and str(m.arguments[0].type) == "CONSTANT"]
    if "TEXT" in by_kind:
        told["default"] = plain(first(by_kind["TEXT"][0], "text"))
    if "FADER" in by_kind and "TEXT" not in by_kind:
        fader, message = by_kind["FADER"]
        low, high = message.arguments[0].scale_min, message.arguments[0].scale_max
        told |= {"range": (low, high), "values": ()}
        told["default"] = pytest.approx(low + first(fader, "x") * (high - low)) if message.receive else None
        if abs(high) <= 2**24:
            told["type"] = "int" if str(message.arguments[0].conversion) == "INTEGER" else "float"
    elif len(constants) > 1:
        told["values"] = tuple(constant.value for constant in constants)
        if str(constants[0].conversion) == "STRING":
            told["range"] = None
        else:
            told |= {"type": "int", "default": None}
    elif "BUTTON" in by_kind and not constants:
        button, message = by_kind["BUTTON"]
        kind = "strings" if not message.arguments else "bool" if message.receive else "trigger"
        told |= {"type": kind, "range": None, "values": ()}
        if kind != "strings":
            told["default"] = first(button, "x") if kind == "bool" else None
    return told


def first(node: py2tosc.Control, key: str) -> Any:
    value = node.value(key)
    assert value is not None
    return value.default


def of_open_stage_control(file: dict[str, Any]) -> Facts:
    """From the session; its type tag tells most of the type."""

    def widgets(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "comments" in widget:
            yield widget
        for child in [*widget.get("widgets", ()), *widget.get("tabs", ())]:
            yield from widgets(child)

    found: Facts = {}
    _play, *tabs = file["content"]["tabs"]
    for widget in (widget for tab in tabs for widget in widgets(tab)):
        told = found.setdefault(widget["address"], {"doc": widget["comments"], "values": ()})
        if widget["type"] != "input":  # which has no ends
            told.setdefault("range", None)
        told["default"] = plain(str(widget.get("default", "")).replace("; ", " "))
        if isinstance(widget.get("default"), list):
            told["default"] = plain(widget["default"])
        kind = {"toggle": "bool", "push": "trigger"}.get(widget.get("mode", ""))
        if kind or widget["typeTags"] == "f":
            told["type"] = kind or ("floats" if isinstance(widget.get("default"), list) else "float")
        if "range" in widget:
            told["range"] = (widget["range"]["min"], widget["range"]["max"])
            told["type"] = "floats" if widget["type"] == "rgb" else {"f": "float", "i": "int"}[widget["typeTags"]]
        if "values" in widget:
            told["values"] = tuple(widget["values"])
        if widget.get("mode") == "tap" and widget["label"] == str(widget["on"]):
            told["values"] += (str(widget["on"]),)
            told.pop("range")
    return found


Made = Callable[[ControlTable], Facts]
OUTPUTS: dict[str, Made] = {
    "controls --json": lambda table: of_json(json.dumps({"controls": [row.describe() for row in table]})),
    "controls.md": lambda table: of_markdown(markdown(table)),
    "OSCQuery": lambda table: of_oscquery(Tree(table).describe("/", Mailbox(table).snapshot())),
    "TouchOSC": lambda table: of_touchosc(layout(table)),
    "Open Stage Control": lambda table: of_open_stage_control(session(table, ("127.0.0.1", 9000))),
}
EXPECTED = {"TouchOSC": pressable, "Open Stage Control": playable}
EACH_OUTPUT = pytest.mark.parametrize(
    ("made", "of"), [(made, EXPECTED.get(name, facts)) for name, made in OUTPUTS.items()], ids=OUTPUTS
)


def differences(told: Facts, expected: Facts) -> list[str]:
    """Where an output says something else than it should, or not of the same addresses."""
    found = [f"{address}: only on one side" for address in sorted(set(told) ^ set(expected))]
    for address in set(told) & set(expected):
        said, true = told[address], expected[address]
        found += [f"{address} {name}: {said[name]!r}, not {true[name]!r}" for name in said if said[name] != true[name]]
    return found


@EACH_OUTPUT
def test_an_output_says_what_the_table_says(made: Made, of: Made):
    assert differences(made(TABLE), of(TABLE)) == []


@EACH_OUTPUT
def test_so_it_does_for_controls_of_every_type(made: Made, of: Made):
    once = {"/vace/flash"}  # a switch that counts once is a button, which in a layout could be any that sends 1
    told = {address: said for address, said in made(EVERY_TYPE).items() if address not in once}
    expected = {address: said for address, said in of(EVERY_TYPE).items() if address not in once}
    assert differences(told, expected) == []


def the_first(kind: str) -> Control:
    """Some row to change: of that type, holding a value, a number with ends, and not named by another row."""
    named = {address for row in TABLE for address in row.also}
    found = (row for row in TABLE if row.type == kind and row.holds and row.address not in named)
    return next(row for row in found if (row.low is not None) == (kind == "float"))


CHANGES = {
    "another address": ("float", lambda row: {"address": row.address + "x"}),
    "another meaning": ("string", lambda row: {"doc": "Something else."}),
    "another end": ("float", lambda row: {"high": row.high + 1}),
    "another beginning": ("float", lambda row: {"low": row.low - 1}),
    "another number at first": ("float", lambda row: {"default": row.high if row.default == row.low else row.low}),
    "another switch at first": ("bool", lambda row: {"default": not row.default}),
    "another text at first": ("string", lambda row: {"default": "something else"}),
    "another choice at first": ("choice", lambda row: {"default": row.choices[row.choices.index(row.default) - 1]}),
    "a choice more": ("choice", lambda row: {"choices": (*row.choices, "more")}),
    "a switch that is a trigger": ("bool", lambda row: {"type": "trigger"}),
    "a number that is whole": ("float", lambda row: {"type": "int"}),
    "a text that is many": ("string", lambda row: {"type": "strings", "default": ("one", "two")}),
    "a value that is an event": ("float", lambda row: {"event": True}),
}


@EACH_OUTPUT
@pytest.mark.parametrize("change", CHANGES)
def test_a_row_that_is_changed_alone_is_noticed(made: Made, of: Made, change: str):
    kind, changed = CHANGES[change]
    row = the_first(kind)
    other = ControlTable([replace(one, **changed(one)) if one is row else one for one in TABLE])
    assert differences(made(TABLE), of(other))
    assert differences(made(other), of(TABLE))
    assert differences(made(other), of(other)) == []


@EACH_OUTPUT
def test_a_row_more_and_a_row_less_are_noticed(made: Made, of: Made):
    rows = list(TABLE)
    assert differences(made(ControlTable(rows[1:])), of(TABLE)) == [f"{rows[0].address}: only on one side"]
    assert differences(made(TABLE), of(ControlTable(rows[1:]))) == [f"{rows[0].address}: only on one side"]


@EACH_OUTPUT
def test_an_output_tells_of_every_control_its_meaning_and_of_most_all_there_is(made: Made, of: Made):
    """So that agreeing is not a matter of saying little."""
    told = made(TABLE).values()
    assert all("doc" in one for one in told)
    for names in (("range",), ("choices", "values"), ("default",), ("type",)):
        assert sum(any(name in one for name in names) for one in told) >= len(TABLE) / 3, names


def test_the_command_lists_the_table():
    listed = subprocess.run(
        [sys.executable, "-m", "backend", "controls", "--json"], capture_output=True, text=True, check=True, timeout=60
    )
    assert differences(of_json(listed.stdout), facts(TABLE)) == []


def test_the_page_of_controls_is_that_of_the_table():
    page = (DOCS / "reference" / "controls.md").read_text(encoding="utf-8")
    assert differences(of_markdown(page), facts(TABLE)) == []


def test_the_layouts_that_lie_in_the_docs_are_those_of_the_table():
    kept = py2tosc.load(DOCS / "layouts" / TOUCHOSC)
    assert kept.dumps() == layout(TABLE).dumps(), STALE
    kept = py2tosc.load(DOCS / "layouts" / TOUCHOSC_PHONE)
    assert kept.dumps() == phone_layout(TABLE).dumps(), STALE
    assert (DOCS / "layouts" / OSC_MAP).read_text(encoding="utf-8") == osc_map(TABLE), STALE
    file = json.loads((DOCS / "layouts" / OPEN_STAGE_CONTROL).read_text(encoding="utf-8"))
    assert file == json.loads(json.dumps(session(TABLE, ("127.0.0.1", 9000)))), STALE
