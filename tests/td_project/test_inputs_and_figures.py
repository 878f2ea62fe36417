"""The component's further inputs, its figures, its menus and pictures, and the buttons that open something."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.td_project.fake_td import Op, td
from tests.td_project.stage import SLEEPER, Listener, frames_until, give, say, status
from tests.td_project.test_build import built


def senders(comp: Op) -> dict[str, bool]:
    """Which of the operators send."""
    return {name: comp.op(f"{name}spout_out").par.active.eval() for name in ("", "mask_", "control_")}


def test_the_second_and_third_input_are_sent_while_they_are_chosen_and_the_backend_is_told_where(
    comp: Op, listener: Listener
):
    assert senders(comp) == {"": True, "mask_": False, "control_": False}
    comp.par.Masksource.val = "input2"
    comp.par.Controlsource.val = "input3"
    comp.draw(2)
    assert senders(comp) == {"": True, "mask_": True, "control_": True}
    names = {what: comp.op(f"{what}_spout_out").par.sendername.eval() for what in ("mask", "control")}
    assert len(set(names.values())) == 2
    sent = [("/vace/control/source", f"spout:{names['control']}"), ("/vace/mask/source", f"spout:{names['mask']}")]
    assert sorted(listener.heard()) == sent
    say(comp, "/vace/mask/source", f"spout:{names['mask']}")
    comp.draw(3)
    assert (comp.par.Masksource.eval(), listener.heard()) == ("input2", [])
    say(comp, "/vace/mask/source", "ellipse")  # somebody else, on the page
    comp.draw(4)
    assert (comp.par.Masksource.eval(), senders(comp)["mask_"], listener.heard()) == ("ellipse", False, [])


def test_a_refused_input_goes_back_to_what_was_and_is_not_sent_again(comp: Op, listener: Listener):
    comp.par.Masksource.val = "nowhere.png"
    comp.draw(2)
    assert listener.heard() == [("/vace/mask/source", "nowhere.png")]
    say(comp, "/vace/error", "/vace/mask/source", "there is no file nowhere.png")
    say(comp, "/vace/mask/source", "none")
    comp.draw(3)
    assert comp.par.Lasterror.eval() == "/vace/mask/source: there is no file nowhere.png"
    assert (comp.par.Masksource.eval(), listener.heard()) == ("none", [])


def test_several_numbers_are_sent_as_one_message_once_a_frame_and_shown_together(comp: Op, listener: Listener):
    comp.par.Maskkeyr.val, comp.par.Maskkeyg.val = 1.0, 0.5
    comp.draw(2)
    comp.draw(3)
    assert listener.heard() == [("/vace/mask/key", 1.0, 0.5, 0.0)]
    say(comp, "/vace/mask/ellipse", 0.25, 0.75, 0.125, 0.5)
    comp.draw(4)
    comp.draw(5)
    assert [comp.par[f"Maskellipse{part}"].eval() for part in "1234"] == [0.25, 0.75, 0.125, 0.5]
    assert listener.heard() == []


def test_the_chop_shows_rates_latency_state_and_a_beat_that_goes_on(comp: Op, listener: Listener):
    say(comp, "/vace/status", "running", 30.0, 24.0, 900, 120.0, 3.5)
    comp.draw(2)
    shown = {name: channel[0] for name, channel in comp.op("figures").channels.items()}
    assert list(shown) == ["output_fps", "engine_fps", "latency", "tempo", "beat", "state", "running"]
    assert (shown["output_fps"], shown["engine_fps"], shown["latency"], shown["tempo"]) == (30.0, 24.0, 0.9, 120.0)
    assert (shown["state"], shown["running"]) == (2.0, 1.0)
    assert 3.5 <= shown["beat"] < 5.0
    comp.par.Stop.pulse()
    frames_until(comp, lambda: not comp.ext.VaceLive.Running, "its end")
    assert {channel[0] for channel in comp.op("figures").channels.values()} == {0.0}


def test_between_two_words_of_the_backend_the_beat_goes_round_the_bar(comp: Op, monkeypatch: pytest.MonkeyPatch):
    module = comp.op("figures_of").module
    now = [100.0]
    monkeypatch.setattr(module.Figures.take.__globals__["time"], "monotonic", lambda: now[0])
    figures = module.Figures()
    figures.take(30.0, 24.0, 900, 120.0, 4.5)
    beats = []
    for now[0] in (100.0, 100.125, 100.25, 100.5, 102.25):
        beats.append(figures.channels("running", 4.0)["beat"])
    assert beats == [4.5, 4.75, 1.0, 1.5, 1.0]


def test_the_buttons_of_the_bank_say_what_is_in_it_and_the_presets_are_a_menu(comp: Op, listener: Listener):
    say(comp, "/vace/prompt/bank/3", "neon rain")
    assert comp.par.Look3.label == "3: neon rain"
    comp.par.Look3.pulse()
    comp.par.Preset2.pulse()
    assert listener.heard() == [("/vace/prompt/go", 3), ("/vace/preset/go", "2")]
    say(comp, "/vace/preset/list", "blue hour", "lava")
    assert comp.par.Presetgo.menuNames == ["blue hour", "lava"]
    say(comp, "/vace/preset/list", None)  # what a backend without presets answers
    assert comp.par.Presetgo.menuNames == []


def test_a_picture_of_a_top_is_saved_and_used(comp: Op, listener: Listener, tmp_path: Path):
    comp.par.Referenceaddtake.pulse()
    assert "choose a TOP" in comp.par.Lasterror.eval()
    comp.parent().create("outTOP", "mine")
    comp.par.Referenceaddtop.val = "mine"
    for _ in range(2):
        comp.par.Referenceaddtake.pulse()
    sent = listener.heard()
    assert [address for address, _ in sent] == ["/vace/reference/add"] * 2
    paths = [Path(str(path)) for _, path in sent]
    assert len(set(paths)) == 2
    assert all(path.is_file() and tmp_path in path.parents for path in paths)


def test_the_page_and_the_log_are_opened_and_where_there_is_none_it_says_so(comp: Op):
    td.ui.opened.clear()
    comp.par.Openpage.pulse()
    assert "press Start first" in comp.par.Lasterror.eval()
    comp.par.Openlog.pulse()
    assert "no log yet" in comp.par.Lasterror.eval()
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    address = comp.par.Pageaddress.eval()
    assert address.startswith("http://127.0.0.1:")
    comp.par.Openpage.pulse()
    comp.par.Openlog.pulse()
    assert td.ui.opened == [address, str(comp.ext.VaceLive._backend.log)]


def test_the_weights_of_the_pipeline_are_downloaded(comp: Op, tmp_path: Path):
    give(comp, "import sys; print(*sys.argv[1:], flush=True)")
    comp.par.Pipeline.val, comp.par.Modelfolder.val = "longlive", str(tmp_path)
    comp.par.Downloadmodel.pulse()
    assert comp.par.State.eval() == "downloading"
    frames_until(comp, lambda: comp.par.State.eval() == "stopped", "its end")
    assert comp.op("log").text == f"models download longlive --models {tmp_path}"


def test_pythons_are_tried_in_their_order_until_one_is_there(comp: Op, monkeypatch: pytest.MonkeyPatch):
    give(comp, SLEEPER)
    comp.par.Python.val = ""
    missing = [sys.executable, "-c", "raise SystemExit(103)"]  # as the py launcher ends
    tried = [missing, ["no-such-python"], [sys.executable]]
    monkeypatch.setitem(type(comp.ext.VaceLive)._launch.__globals__, "process", FakePythons(comp, tried))
    comp.par.Start.pulse()
    frames_until(comp, lambda: comp.op("log").text == "restyling", "the third")
    assert (comp.par.State.eval(), comp.par.Lasterror.eval()) == ("starting", "")


def test_where_no_python_is_there_it_says_which_to_install(comp: Op, monkeypatch: pytest.MonkeyPatch):
    give(comp, SLEEPER)
    comp.par.Python.val = ""
    for tried in ([["no-such-python"]], [[sys.executable, "-c", "raise SystemExit(103)"]]):
        monkeypatch.setitem(type(comp.ext.VaceLive)._launch.__globals__, "process", FakePythons(comp, tried))
        comp.par.Start.pulse()
        frames_until(comp, lambda: comp.par.State.eval() == "failed", "the failure")
        assert "install 3.12 from python.org" in comp.par.Lasterror.eval()


class FakePythons:
    """The module `process`, with other Pythons to try."""

    def __init__(self, comp: Op, tried: list[list[str]]) -> None:
        self._real, self._tried = comp.op("process").module, tried

    def __getattr__(self, name: str):
        return getattr(self._real, name)

    def pythons(self, chosen: str) -> list[list[str]]:
        return [list(command) for command in self._tried]


@pytest.mark.parametrize(
    ("platform", "first"), [("win32", ["py", "-3.12"]), ("linux", None)], ids=["Windows", "elsewhere"]
)
def test_on_windows_it_is_312_then_311_then_313(monkeypatch: pytest.MonkeyPatch, platform: str, first):
    module = built().op("process").module
    monkeypatch.setitem(module.pythons.__globals__, "WINDOWS", platform == "win32")
    found = module.pythons("")
    if first:
        assert found == [["py", "-3.12"], ["py", "-3.11"], ["py", "-3.13"]]
    else:
        assert all(Path(command).name.startswith("python3") for (command,) in found)
    assert module.pythons("C:/Python/python.exe") == [["C:/Python/python.exe"]]


@pytest.mark.parametrize(("platform", "scheme"), [("darwin", "syphon"), ("win32", "spout")])
def test_frames_travel_as_the_system_has_it(comp: Op, monkeypatch: pytest.MonkeyPatch, platform: str, scheme: str):
    monkeypatch.setattr(type(comp.ext.VaceLive).Command.__globals__["sys"], "platform", platform)
    command = comp.ext.VaceLive.Command()
    assert command[command.index("--source") + 1].startswith(f"{scheme}:vace-in-")
    assert command[command.index("--sink") + 1].startswith(f"{scheme}:vace-out-")


def test_a_port_that_is_taken_is_replaced_and_shown(comp: Op, listener: Listener):
    other = built()
    taken = comp.ext.VaceLive._backend.wiring.osc
    other.par.Oscport.val = taken
    other.ext.VaceLive.Command()
    assert other.par.Oscaddress.eval() not in ("", f"127.0.0.1:{taken}")
    status(comp)
    assert comp.par.Oscaddress.eval() == f"127.0.0.1:{taken}"


def test_an_extension_made_anew_knows_where_its_inputs_go(comp: Op, listener: Listener):
    comp.par.Masksource.val = "input2"
    comp.draw(2)
    listener.heard()
    comp.par.reinitextensions.pulse()
    status(comp)
    sent = {address: arguments for address, *arguments in listener.heard()}
    assert sent["/vace/mask/source"] == [f"spout:{comp.op('mask_spout_out').par.sendername.eval()}"]
