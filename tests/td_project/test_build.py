"""The component, built in the stand-in for TouchDesigner."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from backend.controls import TABLE
from bridge.control.parameters import Control
from tests.td_project import fake_td
from tests.td_project.fake_td import Op, TdError

FOLDER = Path(__file__).parents[2] / "td_project"
SCRIPT = runpy.run_path(str(FOLDER / "build.py"))
SPECS = SCRIPT["specs"]


def project() -> Op:
    return Op(None, "baseCOMP", "project1")


def built(root: Op | None = None) -> Op:
    return SCRIPT["build"](root or project(), folder="C:/vace-live")


def test_the_table_beside_the_builder_is_the_programs():
    command = [sys.executable, "-m", "backend", "controls", "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=FOLDER.parent).stdout
    kept = json.loads((FOLDER / "controls.json").read_text(encoding="utf-8"))
    assert kept == json.loads(said), "run: python -m backend controls --json > td_project/controls.json"


def test_it_is_built_twice_from_nothing_with_the_same_result():
    first, second = built().snapshot(), built().snapshot()
    assert first == second
    assert len(first["children"]) == len(SCRIPT["OPERATORS"])


def test_running_it_again_changes_nothing_and_keeps_the_users_wires_values_and_callbacks():
    root = project()
    comp = built(root)
    shown = root.create("outTOP", "mine")
    comp.op("out1").outputConnectors[0].connect(shown.inputConnectors[0])
    comp.par.Prompt.val = "ice in fog"
    comp.par.Scale.val = 0.4
    comp.op("callbacks").text = "def onReady(comp, info):\n    pass\n"
    before, out = comp.snapshot(), comp.op("out1")
    assert built(root) is comp
    assert comp.snapshot() == before
    assert comp.op("out1") is out
    assert [wire.owner for wire in shown.inputConnectors[0].connections] == [out]


def test_every_control_but_the_clock_is_a_parameter_of_its_own_with_the_tables_range_and_words():
    comp = built()
    by_address = {row[1]: row for row in comp.op("controls")._rows[1:] if row[2] != "send"}
    assert set(by_address) == {row.address for row in TABLE} - {"/vace/tick"}
    for row in TABLE:
        if row.address == "/vace/tick":
            continue
        par = comp.par[by_address[row.address][0]]
        assert row.doc in par.help
        assert row.address in par.help
        if row.type == "choice":
            assert tuple(par.menuNames) == row.choices
        if row.type in ("float", "int") and row.low is not None:
            assert (par.min, par.max, par.clampMin, par.clampMax) == (row.low, row.high, True, True)
        if row.holds and row.type not in ("strings",):
            assert par.val == par.default == row.default


def test_an_event_with_an_argument_has_a_button_that_sends_it_and_a_trigger_is_a_button():
    comp = built()
    assert (comp.par.Promptgo.style, comp.par.Promptgosend.style, comp.par.Reset.style) == ("Int", "Pulse", "Pulse")


def test_every_kind_of_control_that_a_table_may_have_gets_a_parameter():
    rows = [
        Control("/vace/a/one", "float", 0.5, "Doc.", low=0.0, high=1.0),
        Control("/vace/b", "strings", ("x", "y"), "Doc."),
        Control("/vace/c", "string", "t", "Doc.", event=True),
    ]
    made = SPECS([row.describe() for row in rows])
    assert [(spec.name, spec.style, spec.page) for spec in made] == [
        ("Aone", "Float", "A"),
        ("B", "Str", "Main"),
        ("C", "Str", "Main"),
        ("Csend", "Pulse", "Main"),
    ]
    assert made[1].default == "x;y"
    clash = [Control(address, "bool", False, "Doc.").describe() for address in ("/vace/a/b", "/vace/ab")]
    with pytest.raises(ValueError, match="Ab"):
        SPECS(clash)


@pytest.mark.parametrize(
    ("operator", "parameter"),
    [("syphonspoutoutTOP", "sendername"), ("oscinDAT", "localaddress"), ("executeDAT", "framestart")],
)
def test_a_parameter_that_touchdesigner_does_not_have_is_named_with_its_operator(
    monkeypatch: pytest.MonkeyPatch, operator: str, parameter: str
):
    known = {name: value for name, value in fake_td.PARAMETERS[operator].items() if name != parameter}
    monkeypatch.setitem(fake_td.PARAMETERS, operator, known)
    with pytest.raises(SCRIPT["BuildError"], match=f"{operator}.*{parameter}"):
        built()


def test_a_wrong_name_in_the_builder_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(SCRIPT["SETTINGS"]["spout_out"], "servername", "x")
    with pytest.raises(SCRIPT["BuildError"], match="servername"):
        built()


def test_an_operator_of_the_users_in_the_way_is_not_destroyed_but_named():
    root = project()
    comp = built(root)
    comp.children["pick"] = Op(comp, "outTOP", "pick")
    with pytest.raises(SCRIPT["BuildError"], match="pick"):
        built(root)


def test_names_of_parameters_are_what_touchdesigner_allows_and_the_stand_in_refuses_others():
    for par in built().par:
        if par.style in fake_td.CUSTOM_STYLES:
            assert re.fullmatch("[A-Z][a-z0-9]*", par.name)
    page = project().appendCustomPage("Page")
    for wrong in ("lower", "Two_parts", "CamelCase", ""):
        with pytest.raises(TdError):
            page.appendFloat(wrong)
    with pytest.raises(AttributeError):
        page.appendNothing("Name")


def test_frames_are_wired_in_and_out_and_the_component_is_saved():
    comp = built()
    tree = comp.snapshot()["children"]
    assert tree["spout_out"]["inputs"] == tree["memory_out"]["inputs"] == [["in1"]]
    assert tree["pick"]["inputs"][:2] == [["spout_in"], ["memory_in"]]
    assert tree["out1"]["inputs"] == [["pick"]]
    assert [Path(path).name for path in comp.saved] == ["vace_live.tox"]
