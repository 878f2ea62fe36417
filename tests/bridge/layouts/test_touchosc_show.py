"""The page to play from in TouchOSC: what its buttons send, and its scripts, run by Lua 5.1 as TouchOSC has it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import py2tosc
import pytest
from lupa.lua51 import LuaRuntime
from py2tosc.messages import OscMessage

from bridge.layouts.touchosc import layout, phone_layout
from tests.bridge.layouts.show_table import SHOW

LAYOUTS = pytest.mark.parametrize("made", [layout, phone_layout], ids=["tablet", "phone"])


def saved(made: Any, directory: Path) -> py2tosc.Document:
    """A layout, written and read again."""
    path = directory / "made.tosc"
    made(SHOW).save(path, validate=True)
    return py2tosc.load(path)


def sent_by(document: py2tosc.Document, address: str) -> set[str]:
    """The constants that buttons send there."""
    found = [message for node in document.walk() for message in node.messages if isinstance(message, OscMessage)]
    to_it = [message for message in found if message.path[0].value == address and message.send]
    return {message.arguments[0].value for message in to_it if str(message.arguments[0].type) == "CONSTANT"}


def osc_of(node: py2tosc.Control) -> list[OscMessage]:
    return [message for message in node.messages if isinstance(message, OscMessage)]


@LAYOUTS
def test_every_button_of_the_banks_sends_a_value_that_does_something(made: Any, tmp_path: Path):
    document = saved(made, tmp_path)
    assert document.validate() == []
    for address in ("/vace/prompt/go", "/vace/preset/go"):
        assert sent_by(document, address) == set("12345678"), "0 is what a button sends when it is let go"


@LAYOUTS
def test_a_preset_is_saved_by_two_taps_and_not_by_one(made: Any, tmp_path: Path):
    lua = Lua()
    (button,) = saved(made, tmp_path).find_all("/vace/preset/save 3 slot")
    assert osc_of(button) == []
    lua.runtime.execute(button.script)

    def tap(at: int) -> list[tuple]:
        lua.clock = at
        for pressed in (1, 0):
            lua.runtime.execute(f"self.values.x = {pressed}")
            lua.runtime.globals()["onValueChanged"]("x")
        return [message[1:] for message in lua.sent]

    assert tap(1000) == []
    assert tap(5000) == [], "the second of two taps that have nothing to do with each other"
    assert tap(5400) == [("/vace/preset/save", "3")]
    assert tap(5800) == [("/vace/preset/save", "3")], "a third tap begins anew"


@LAYOUTS
def test_a_button_of_the_bank_shows_its_text_as_it_changes(made: Any, tmp_path: Path):
    document = saved(made, tmp_path)
    (caption,) = document.find_all("/vace/prompt/go 3 slot caption")
    (message,) = osc_of(caption)
    assert (message.path[0].value, message.receive, message.send) == ("/vace/prompt/bank/3", True, False)
    assert [value.default for value in caption.values if value.key == "text"] == ["look 3"]


@LAYOUTS
def test_the_pad_of_the_canvas_sets_both_edges_and_goes_from_the_top_down(made: Any, tmp_path: Path):
    (pad,) = saved(made, tmp_path).find_all("canvas place")
    messages = osc_of(pad)
    parts = {message.path[0].value: message.arguments[0] for message in messages}
    ends = {address: (part.value, part.scale_min, part.scale_max) for address, part in parts.items()}
    assert ends == {"/vace/canvas/x": ("x", -1, 1), "/vace/canvas/y": ("y", 1, -1)}
    assert all(message.receive for message in messages)


class Lua:
    """The functions of TouchOSC that the scripts use, with nodes that have values."""

    def __init__(self) -> None:
        self.runtime = LuaRuntime(unpack_returned_tuples=False)
        self.clock = 0
        self.sent: list[tuple] = []
        nodes = ("state", "error", "ellipse centre", "ellipse radii")
        self.nodes = {name: self.runtime.table(values=self.runtime.table(x=0.5, y=0.5, text="")) for name in nodes}
        names = self.runtime.globals()
        names["getMillis"] = lambda: self.clock
        names["sendOSC"] = lambda *message: self.sent.append((self.clock, *message))
        names["found"] = lambda name: self.nodes.get(name)
        self.runtime.execute(
            "function tree() return {findByName = function(self, name, deep) return found(name) end} end\n"
            "self = tree()\nself.parent = tree()\nself.values = {touch = false}"
        )

    def receive(self, path: str, *arguments: object) -> None:
        values = self.runtime.table_from([self.runtime.table(value=value, tag="?") for value in arguments])
        self.runtime.globals()["onReceiveOSC"](self.runtime.table_from([path, values]), None)

    def value(self, node: str, key: str) -> Any:
        return self.nodes[node]["values"][key]


@pytest.fixture
def script(tmp_path: Path) -> Lua:
    lua = Lua()
    lua.runtime.execute(saved(layout, tmp_path).root.script)
    return lua


def test_it_subscribes_at_once_every_twenty_seconds_and_sooner_while_nothing_is_heard(script: Lua):
    def run(until: int, hears: bool) -> list[int]:
        before = len(script.sent)
        while script.clock < until:
            script.clock += 16
            if hears:
                script.receive("/vace/status", "running", 24.0, 24.0, 900)
            script.runtime.globals()["update"]()
        assert {message[1:] for message in script.sent} == {("/vace/subscribe", 9010)}
        return [sent for sent, *_ in script.sent[before:]]

    heard = run(60_000, hears=True)
    assert heard[0] == 16
    assert all(19_000 < later - earlier < 21_000 for earlier, later in itertools.pairwise(heard))
    unheard = run(75_000, hears=False)
    assert all(later - earlier < 3100 for earlier, later in itertools.pairwise(unheard)), "a program that came back"


def test_it_shows_the_state_and_an_error_for_ten_seconds(script: Lua):
    script.receive("/vace/status", "running", 23.7, 24.0, 900)
    script.receive("/vace/error", "/vace/mask/source", "there is no file a.png")
    assert script.value("state", "text") == "running  24 fps"
    assert script.value("error", "text") == "/vace/mask/source: there is no file a.png"
    script.clock += 11_000
    script.runtime.globals()["update"]()
    assert script.value("error", "text") == ""


def test_two_pads_set_the_ellipse_and_what_is_heard_moves_them_and_sends_nothing(script: Lua, tmp_path: Path):
    script.receive("/vace/mask/ellipse", 0.25, 0.125, 0.25, 0.5)
    assert [script.value("ellipse centre", axis) for axis in "xy"] == [0.25, 0.875]
    assert [script.value("ellipse radii", axis) for axis in "xy"] == [0.5, 1.0]
    pad = next(node for node in saved(layout, tmp_path).walk() if node.get("name") == "ellipse radii")
    script.runtime.execute(pad.script)
    changed = script.runtime.globals()["onValueChanged"]
    changed("x")
    assert script.sent == []
    script.runtime.execute("self.values.touch = true")
    changed("x")
    changed("touch")
    assert script.sent == [(0, "/vace/mask/ellipse", 0.25, 0.125, 0.25, 0.5)]
    assert SHOW["/vace/mask/ellipse"].accept(script.sent[0][2:]).report is None
