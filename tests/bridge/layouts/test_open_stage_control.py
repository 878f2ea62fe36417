"""The session for Open Stage Control: only what its reference for v1 names, and only values that a control takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.layouts.open_stage_control import session
from tests.bridge.control.every_type import EVERY_TYPE

TARGET = "127.0.0.1:9000"
# From the properties reference of v1.30, of each type that is used here.
COMMON = {"type", "id", "width", "height", "expand", "colorWidget", "comments", "default", "value"}
COMMON |= {"left", "top", "colorText", "onCreate", "onValue"}
OSC = {"address", "target", "typeTags", "decimals", "bypass"}
ENDS = {"rangeX", "rangeY", "snap", "pips"}
KNOWN: dict[str, set[str]] = {
    "root": COMMON | {"tabs"},
    "tab": COMMON | {"label", "layout", "contain", "widgets"},
    "panel": COMMON | {"layout", "scroll", "widgets"},
    "text": COMMON | OSC | {"align"},
    "fader": COMMON | OSC | {"range", "horizontal"},
    "input": COMMON | OSC | {"numeric", "align"},
    "button": COMMON | OSC | {"mode", "on", "off", "label", "wrap", "doubleTap"},
    "xy": COMMON | OSC | ENDS,
    "rgb": COMMON | OSC | {"range"},
    "variable": COMMON | OSC,
    "switch": COMMON | OSC | {"values", "layout"},
    "dropdown": COMMON | OSC | {"values"},
}
MODES = {"toggle", "push", "momentary", "tap"}


def made() -> dict[str, Any]:
    return json.loads(json.dumps(session(EVERY_TYPE, ("127.0.0.1", 9000)), allow_nan=False))


def widgets(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield widget
    for child in [*widget.get("widgets", ()), *widget.get("tabs", ())]:
        yield from widgets(child)


def addressed() -> list[dict[str, Any]]:
    """Those that are of a control, on the pages after the first."""
    return [widget for tab in made()["content"]["tabs"][1:] for widget in widgets(tab) if "address" in widget]


def test_it_is_a_session_of_version_one():
    file = made()
    assert (file["createdWith"], file["type"], file["content"]["type"]) == ("Open Stage Control", "session", "root")
    assert file["version"].startswith("1.")


def test_it_uses_no_property_that_the_reference_does_not_name():
    for widget in widgets(made()["content"]):
        assert set(widget) <= KNOWN[widget["type"]], widget["id"]
        assert widget.get("mode", "tap") in MODES


def test_every_control_is_there_and_sends_to_the_target():
    assert {widget["address"] for widget in addressed()} == {row.address for row in EVERY_TYPE}
    assert {widget["target"] for widget in addressed()} == {TARGET}


def test_an_id_is_shared_only_by_a_fader_and_the_figure_that_is_typed_for_it():
    by_id: dict[str, list[dict[str, Any]]] = {}
    for widget in widgets(made()["content"]):
        by_id.setdefault(widget["id"], []).append(widget)
    for shared in by_id.values():
        if len(shared) > 1:
            assert [widget["type"] for widget in shared] == ["fader", "input"]
            assert shared[0]["address"] == shared[1]["address"]


def test_every_value_that_it_sends_is_taken_as_it_is():
    for widget in addressed():
        row = EVERY_TYPE[widget["address"]]
        values = [widget[name] for name in ("on", "off") if name in widget]
        values += [widget["range"]["min"], widget["range"]["max"]] if "range" in widget else []
        values += widget.get("values", [])
        if "default" in widget:
            values.append(widget["default"])
        for value in values:
            assert row.accept(value).report is None
        tags = {"float": "f", "floats": "s", "int": "i", "bool": "i", "trigger": "i"}
        assert widget["typeTags"] == tags.get(row.type, "s")


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        ("/vace/prompt", ["input"]),
        ("/vace/prompt/go", ["button", "button"]),
        ("/vace/control", ["switch"]),
        ("/vace/mask/source", ["dropdown"]),
        ("/vace/scale", ["fader", "input"]),
        ("/vace/offset", ["input"]),
        ("/vace/freeze", ["button"]),
        ("/vace/reset", ["button"]),
        ("/vace/tags", ["input"]),
        ("/vace/box", ["input"]),
    ],
)
def test_a_control_has_the_widget_of_its_type(address: str, kinds: list[str]):
    assert [widget["type"] for widget in addressed() if widget["address"] == address] == kinds


def test_only_what_holds_a_value_has_a_first_one():
    for widget in addressed():
        assert ("default" in widget) == EVERY_TYPE[widget["address"]].holds
