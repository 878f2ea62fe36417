"""The component, built in the stand-in for TouchDesigner."""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from backend.controls.table import TABLE
from bridge.control.parameters import LISTS, Control, ControlType
from tests.td_project import fake_td
from tests.td_project.fake_td import Op, TdError
from vace_core.checkpoints.options import KINDS
from vace_core.config import PIPELINES

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
    assert kept == json.loads(said), "run `python start.py python docs/scripts/generated.py`"


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
    shown = ("value", "event", "trigger")
    by_address = {row[1]: row for row in comp.op("controls")._rows[1:] if row[3] in shown}
    assert set(by_address) == {row.address for row in TABLE} - {"/vace/tick"}
    for row in TABLE:
        if row.address == "/vace/tick":
            continue
        name, _, _, _, parts, _ = by_address[row.address]
        par = comp.par[name + parts.partition(" ")[0]]
        assert row.doc in par.help
        assert row.address in par.help
        if row.type == "choice":
            assert tuple(par.menuNames) == row.choices
        if row.type in ("float", "int") and row.low is not None:
            assert (par.min, par.max, par.clampMin, par.clampMax) == (row.low, row.high, True, True)
        if row.holds and row.type not in LISTS:
            assert par.val == par.default == row.default


def test_an_event_with_an_argument_has_a_button_that_sends_it_and_a_trigger_is_a_button():
    comp = built()
    assert (comp.par.Promptgo.style, comp.par.Promptgosend.style, comp.par.Reset.style) == ("Int", "Pulse", "Pulse")


def test_there_are_nine_pages_and_the_second_is_to_play_from():
    comp = built()
    pages = {page.name: [par.name for par in page.pars] for page in comp.customPages}
    assert list(pages) == ["VACE Live", "Play", "Look", "Mask", "Pictures", "Show", "Output", "Model", "About"]
    assert all(pages.values())
    for name in ("Prompt", "Scale", "Noise", "Masksource", "Blackout", "Freeze", "Bypass", "Reset"):
        assert name in pages["Play"]
    buttons = [f"{kind}{number}" for kind in ("Look", "Preset") for number in range(1, 9)]
    assert set(buttons) <= set(pages["Play"])
    assert {comp.par[name].style for name in buttons} == {"Pulse"}


def test_files_colours_boxes_pictures_and_texts_with_offers_have_parameters_of_their_kind():
    comp = built()
    assert [comp.par[f"Maskkey{part}"].style for part in "rgb"] == ["RGB"] * 3
    assert [comp.par[f"Maskkey{part}"].eval() for part in "rgb"] == [0.0, 1.0, 0.0]
    assert [comp.par[f"Maskrect{part}"].eval() for part in "1234"] == [0.25, 0.25, 0.5, 0.5]
    assert [comp.par[name].style for name in ("First", "Last", "Referenceadd", "Lorafile1")] == ["File"] * 4
    assert [comp.par[name].style for name in ("Firsttop", "Lasttop", "Referenceaddtop")] == ["TOP"] * 3
    for name, offered in (("Masksource", "input2"), ("Controlsource", "input3"), ("Pipeline", "longlive")):
        assert comp.par[name].style == "StrMenu"
        assert offered in comp.par[name].menuNames
    assert comp.par.Control.menuNames[:2] == ["depth", "scribble"]
    assert comp.par.Quantise.menuNames == ["none", "fp8", "int8"]


def test_a_text_that_has_become_several_numbers_is_replaced_by_them():
    root = project()
    comp = root.create("baseCOMP", "vace_live")
    comp.create("tableDAT", "controls").appendRow(("name",))
    comp.op("controls").appendRow(("Maskkey",))
    comp.appendCustomPage("Mask").appendStr("Maskkey")
    built(root)
    assert getattr(comp.par, "Maskkey", None) is None
    assert comp.par.Maskkeyg.eval() == 1.0


def test_it_has_three_inputs_two_outputs_and_shows_its_output():
    comp = built()
    tree = comp.snapshot()["children"]
    inputs = {name: comp.op(name).par.connectorder.eval() for name in ("in1", "in2", "in3")}
    assert inputs == {"in1": 0, "in2": 1, "in3": 2}
    for carries, sender in (("in2", "mask_"), ("in3", "control_")):
        assert tree[f"{sender}spout_out"]["inputs"] == tree[f"{sender}memory_out"]["inputs"] == [[carries]]
    assert (tree["out1"]["type"], tree["out2"]["type"], tree["out2"]["inputs"]) == ("outTOP", "outCHOP", [["figures"]])
    assert [comp.op(name).par.connectorder.eval() for name in ("out1", "out2")] == [0, 1]
    assert (comp.viewer, comp.par.nodeview.eval(), comp.par.opviewer.eval()) == (True, "opviewer", "./out1")


def test_dats_with_python_say_so():
    comp = built()
    scripts = [child for child in comp.children.values() if child.OPType == "textDAT" and "def " in child.text]
    assert len(scripts) >= 8
    assert {child.par.language.eval() for child in scripts} == {"python"}


def test_the_choices_beside_the_builder_are_the_programs():
    kept = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    assert kept == {"pipelines": sorted(PIPELINES), "quantise": list(KINDS)}


def test_every_kind_of_control_that_a_table_may_have_gets_a_parameter():
    rows = [
        Control("/vace/a/one", "float", 0.5, "Doc.", low=0.0, high=1.0),
        Control("/vace/b", "strings", ("x", "y"), "Doc."),
        Control("/vace/c", "string", "t", "Doc.", event=True, unit="s"),
        Control("/vace/box", "floats", (0.25, 0.0, 1.0), "Doc.", counts=(3,)),
        *(Control(f"/vace/d/e/{n}", "bool", True, "Doc.") for n in (1, 2)),
    ]
    made = SPECS([row.describe() for row in rows])
    assert [(spec.name, spec.style, spec.page) for spec in made] == [
        ("Aone", "Float", "Output"),
        ("B", "Str", "Output"),
        ("C", "Str", "Output"),
        ("Csend", "Pulse", "Output"),
        ("Box", "Str", "Output"),
        ("De1", "Toggle", "Output"),
        ("De2", "Toggle", "Output"),
    ]
    assert made[1].default == "x;y"
    assert made[2].label == "C, s"
    assert made[4].default == "0.25 0 1"
    assert [spec.name for spec in made if spec.section] == ["De1"]
    for kind in get_args(ControlType):
        choices = ("x",) if kind == "choice" else ()
        default = (0.0, 1.0) if kind == "floats" else "x"
        row = Control("/vace/a", kind, default, "Doc.", choices=choices, counts=(2,), event=True).describe()
        assert [spec.role for spec in SPECS([row])] == (["trigger"] if kind == "trigger" else ["event", "send"])
    with pytest.raises(ValueError, match="matrix"):
        SPECS([{**rows[0].describe(), "type": "matrix"}])
    clash = [Control(address, "bool", False, "Doc.").describe() for address in ("/vace/a/b", "/vace/ab")]
    with pytest.raises(ValueError, match="Ab"):
        SPECS(clash)


@pytest.mark.parametrize(
    ("operator", "parameter"),
    [
        (kind, parameter)
        for name, kind, _ in SCRIPT["OPERATORS"]
        for settings in (SCRIPT["SETTINGS"], SCRIPT["FIRST_SETTINGS"])
        for parameter in settings.get(name, {})
    ],
)
def test_a_parameter_that_touchdesigner_does_not_have_is_named_with_its_operator(
    monkeypatch: pytest.MonkeyPatch, operator: str, parameter: str
):
    known = {name: value for name, value in fake_td.PARAMETERS[operator].items() if name != parameter}
    monkeypatch.setitem(fake_td.PARAMETERS, operator, known)
    with pytest.raises(SCRIPT["BuildError"], match=f"{operator}.*{parameter}"):
        built()


def test_a_wrong_name_in_the_builder_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(SCRIPT["SETTINGS"]["spout_in"], "servername", "x")
    with pytest.raises(SCRIPT["BuildError"], match="servername"):
        built()


def test_an_operator_of_the_users_in_the_way_is_not_destroyed_but_named():
    root = project()
    comp = built(root)
    comp.children["pick"] = Op(comp, "outTOP", "pick")
    with pytest.raises(SCRIPT["BuildError"], match="pick"):
        built(root)


def test_a_parameter_of_the_users_in_the_way_is_not_taken_but_named():
    root = project()
    comp = root.create("baseCOMP", "vace_live")
    comp.appendCustomPage("Mine").appendFloat("Scale")
    with pytest.raises(SCRIPT["BuildError"], match=r"Scale.*/vace/scale"):
        built(root)


@pytest.mark.parametrize("fault", [{"style": "Int"}, {"gone": True}], ids=str)
def test_a_newer_table_replaces_what_is_of_another_type_and_removes_what_is_no_more(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, object]
):
    root = project()
    comp = built(root)
    comp.appendCustomPage("Mine").appendFloat("Mine")
    comp.par.Prompt.val = "kept"

    def newer(rows: list[dict]) -> list:
        rows = [row for row in rows if row["address"] != "/vace/scale" or "style" in fault]
        return SPECS([{**row, "type": "int"} if row["address"] == "/vace/scale" else row for row in rows])

    monkeypatch.setitem(SCRIPT["build"].__globals__, "specs", newer)
    built(root)
    assert getattr(getattr(comp.par, "Scale", None), "style", None) == fault.get("style")
    assert (comp.par.Prompt.eval(), comp.par.Mine.style) == ("kept", "Float")


def test_without_shared_memory_operators_there_is_spout(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fake_td, "NOT_LICENSED", {"sharedmemoutTOP", "sharedmeminTOP"})
    comp = built()
    assert comp.par.Transport.menuNames == ["spout"]
    assert comp.snapshot()["children"]["pick"]["inputs"][:3] == [["in1"], ["spout_in"], []]
    monkeypatch.setattr(fake_td, "NOT_LICENSED", {"syphonspoutinTOP"})
    with pytest.raises(SCRIPT["BuildError"], match="syphonspoutinTOP"):
        built()


def test_the_callbacks_of_osc_are_ours_whether_or_not_their_dat_comes_with_the_operator(
    monkeypatch: pytest.MonkeyPatch,
):
    with_docked = built().op("osc_in_callbacks").text
    monkeypatch.setattr(fake_td, "DOCKED", set())
    assert built().op("osc_in_callbacks").text == with_docked == (FOLDER / "dats" / "osc_in.py").read_text()


def test_a_component_whose_extensions_page_is_empty_gets_a_block(monkeypatch: pytest.MonkeyPatch):
    known = fake_td.PARAMETERS["baseCOMP"]
    bare = {name: known[name] for name in ("reinitextensions", "nodeview", "opviewer")}
    bare["ext"] = fake_td.Known(0, "a build that begins with none")
    monkeypatch.setitem(fake_td.PARAMETERS, "baseCOMP", bare)
    assert built().ext.VaceLive.Running is False


def test_what_the_user_has_put_between_two_operators_stays():
    root = project()
    comp = built(root)
    level = comp.create("switchTOP", "mine")
    level.setInputs([comp.op("pick")])
    comp.op("out1").setInputs([level])
    built(root)
    assert comp.snapshot()["children"]["out1"]["inputs"] == [["mine"]]


def test_a_component_that_runs_is_brought_up_to_date_without_losing_its_names_and_ports():
    root = project()
    comp = built(root)
    comp.ext.VaceLive.Command()
    named = [(comp.op(name).par[par].eval()) for name, par in (("spout_out", "sendername"), ("osc_in", "port"))]
    built(root)
    assert named == [(comp.op(name).par[par].eval()) for name, par in (("spout_out", "sendername"), ("osc_in", "port"))]


def test_its_scripts_are_read_by_the_pythons_of_touchdesigner_and_import_nothing_else():
    for script in sorted(FOLDER.rglob("*.py")):
        tree = ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 9))
        within_type_checking = {
            node for branch in ast.walk(tree) if isinstance(branch, ast.If) for node in ast.walk(branch)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and node not in within_type_checking:
                module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                assert module == "td" or (module or "").split(".")[0] in sys.stdlib_module_names, (script, module)


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
    assert tree["pick"]["inputs"][:3] == [["in1"], ["spout_in"], ["memory_in"]]
    assert tree["out1"]["inputs"] == [["pick"]]
    assert [Path(path).name for path in comp.saved] == ["vace_live.tox"]
