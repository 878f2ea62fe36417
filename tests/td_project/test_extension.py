"""The component's extension in the stand-in, with real processes, and with a real show over real OSC."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from backend.cli import main
from backend.cli.run_options import run_options
from backend.controls.table import TABLE
from bridge.control.parameters import Control
from tests.backend.waiting import PATIENCE
from tests.td_project.fake_td import Op, run_what_waits, td
from tests.td_project.stage import (
    ROOT,
    SHOW,
    SLEEPER,
    Listener,
    asked,
    frames_until,
    give,
    say,
    sent_by_another,
    shown,
    status,
)
from tests.td_project.test_build import SCRIPT, SPECS, built


def test_start_runs_the_backend_and_stop_ends_it_cleanly(comp: Op):
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    assert (comp.par.State.eval(), comp.ext.VaceLive.Running) == ("starting", True)
    frames_until(comp, lambda: comp.par.Lastline.eval() == "restyling", "its log")
    comp.par.Start.pulse()
    comp.par.Stop.pulse()
    frames_until(comp, lambda: not comp.ext.VaceLive.Running, "its end")
    assert (comp.par.State.eval(), comp.par.Lasterror.eval()) == ("stopped", "")


def test_restart_ends_one_and_starts_another(comp: Op):
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    first = comp.ext.VaceLive._backend.process.pid
    comp.par.Restart.pulse()
    frames_until(comp, lambda: comp.ext.VaceLive.Running and comp.ext.VaceLive._backend.process.pid != first, "another")


def test_its_command_names_both_ends_as_the_operators_do_and_no_two_components_share_names_or_ports(comp: Op):
    other = built()
    commands = []
    for one in (comp, other):
        command = one.ext.VaceLive.Command()
        commands.append(command)
        options = dict(zip(command, command[1:], strict=False))
        assert options["--source"] == f"spout:{one.par.Folder.owner.op('spout_out').par.sendername.eval()}"
        assert options["--sink"] == f"spout:{one.op('spout_in').par.sendername.eval()}"
        assert options["--osc"] == f"127.0.0.1:{one.op('osc_out').par.port.eval()}"
    assert not {word for word in commands[0] if ":" in word} & set(commands[1])
    comp.par.Transport.val = "memory"
    assert any(word.startswith("touch:vace-in-") for word in comp.ext.VaceLive.Command())


@pytest.mark.parametrize(
    ("script", "said"),
    [("raise SystemExit('vace: no GPU memory left')", "no GPU memory left"), ("raise SystemExit(3)", "code 3")],
)
def test_a_backend_that_fails_says_why(comp: Op, script: str, said: str):
    give(comp, script)
    comp.par.Start.pulse()
    frames_until(comp, lambda: comp.par.State.eval() == "failed", "the failure")
    assert said in comp.par.Lasterror.eval()


def test_a_wrong_folder_or_python_is_said_and_nothing_runs(comp: Op, tmp_path: Path):
    comp.par.Start.pulse()
    assert "no start.py" in comp.par.Lasterror.eval()
    give(comp, SLEEPER)
    comp.par.Python.val = str(tmp_path / "nothing")
    comp.par.Start.pulse()
    assert "set Python" in comp.par.Lasterror.eval()
    assert not comp.ext.VaceLive.Running


def test_an_extension_made_anew_finds_the_backend_that_runs(comp: Op):
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    pid = comp.ext.VaceLive._backend.process.pid
    comp.par.reinitextensions.pulse()
    for frame in range(10):
        comp.draw(frame)
    assert comp.ext.VaceLive._backend.process.pid == pid


@pytest.mark.parametrize("leave", ["exit", "destroy"])
def test_when_the_project_or_the_component_goes_the_backend_goes(comp: Op, leave: str):
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    process = comp.ext.VaceLive._backend.process
    if leave == "exit":
        comp.op("each_frame").module.onExit()
    else:
        comp.destroy()
        for _ in range(3):
            run_what_waits()
    assert process.wait(PATIENCE) == 0


def test_when_touchdesigner_is_killed_the_backend_goes(tmp_path: Path):
    (tmp_path / "start.py").write_text(SLEEPER + "; open('ended', 'w').close()")
    host = (
        f"import sys, os; sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.td_project.test_build import built\n"
        f"comp = built(); comp.par.Folder.val = {str(tmp_path)!r}; comp.par.Python.val = sys.executable\n"
        "comp.ext.VaceLive.Start(); assert comp.ext.VaceLive.Running\n"
        "os.kill(os.getpid(), 9) if os.name == 'posix' else os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", host], timeout=PATIENCE, check=False).returncode != 0
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "ended").exists():
        assert time.monotonic() < end, "the backend is still there"
        time.sleep(0.02)


def test_a_show_is_steered_by_the_parameters_and_shows_what_others_do(comp: Op):
    give(comp, SHOW)
    comp.op("callbacks").text = (
        "def onReady(comp, info):\n    comp.heard.append(('ready', info['state']))\n"
        "def onValue(comp, info):\n    comp.heard.append((info['address'], info['args']))\n"
        "def onError(comp, info):\n    comp.heard.append(('error', info['address']))\n"
    )
    comp.par.Prompt.val = "red"
    comp.par.Start.pulse()
    frames_until(comp, lambda: comp.par.State.eval() == "running", "a running show")
    assert comp.par.Outputfps.eval() > 0
    frames_until(comp, lambda: ("ready", "running") in comp.heard, "onReady")
    extension = comp.ext.VaceLive

    def has(address: str, *values: object) -> None:
        """Wait until the show says so, to somebody else who asks."""
        frames_until(comp, lambda: asked(comp, address) == values, f"{address} to be {values}")

    has("/vace/prompt", "red")
    comp.par.Scale.val = 0.25
    comp.par.Freeze.val = True
    has("/vace/scale", 0.25)
    has("/vace/freeze", 1)
    has("/vace/output/follow", "tick")
    extension.Send("/vace/prompt/bank/2", "blue")
    comp.par.Promptgo.val = 2
    comp.par.Promptgosend.pulse()
    frames_until(comp, lambda: comp.par.Prompt.eval() == "blue", "the value that a bank has set")
    extension.Send("/vace/scale", "loud")
    frames_until(comp, lambda: "loud" in comp.par.Lasterror.eval(), "the error")
    has("/vace/prompt", "blue")
    comp.par.Stop.pulse()
    frames_until(comp, lambda: not extension.Running, "its end")
    assert comp.par.State.eval() == "stopped"


def test_a_users_callback_that_fails_is_told_and_stops_nothing(comp: Op):
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    comp.op("callbacks").text = "def onStatus(comp, info):\n    raise KeyError('mine')\n"
    comp.op("osc_in_callbacks").module.onReceiveOSC(
        comp.op("osc_in"), 0, "", b"", 0.0, "/vace/status", ["running", 30.0, 24.0, 900], None
    )
    assert "onStatus" in comp.par.Lasterror.eval()
    assert comp.par.Enginefps.eval() == 24.0


def test_nothing_on_touchdesigners_thread_waits(comp: Op, monkeypatch: pytest.MonkeyPatch):
    give(comp, SLEEPER)

    def blocked(*_: object, **__: object) -> None:
        raise AssertionError("a call that blocks")

    with monkeypatch.context() as patched:
        for owner, name in ((time, "sleep"), (subprocess.Popen, "wait"), (subprocess.Popen, "communicate")):
            patched.setattr(owner, name, blocked)
        patched.setattr(os, "waitpid", lambda pid, flags: (0, 0) if flags else blocked())
        comp.par.Start.pulse()
        for frame in range(10):
            comp.op("each_frame").module.onFrameStart(frame)
        comp.par.Stop.pulse()
        comp.op("each_frame").module.onFrameStart(11)


def test_with_the_project_it_starts_only_if_asked(comp: Op):
    give(comp, SLEEPER)
    comp.op("each_frame").module.onStart()
    assert not comp.ext.VaceLive.Running
    comp.par.Startwithproject.val = True
    comp.op("each_frame").module.onStart()
    assert comp.ext.VaceLive.Running


def test_a_backend_that_begins_is_sent_the_projects_values_and_none_is_sent_before(comp: Op):
    give(comp, SLEEPER)
    comp.par.Followclock.val = False
    comp.par.Start.pulse()
    listener = Listener(comp)
    comp.par.Scale.val = 0.5
    comp.par.Reset.pulse()
    comp.draw(0)
    assert listener.heard() == []
    status(comp)
    sent = listener.heard()
    listener.close()
    assert ("/vace/scale", 0.5) in sent
    assert {row.address for row in TABLE if row.holds} - {"/vace/source"} == {message[0] for message in sent}


def test_a_change_is_sent_once_and_what_the_backend_says_is_not_sent_back(comp: Op, listener: Listener):
    comp.par.Scale.val = 0.25
    comp.par.Scale.val = 0.75
    comp.draw(2)
    assert listener.heard() == [("/vace/scale", 0.75)]
    say(comp, "/vace/scale", 1.5)
    say(comp, "/vace/freeze", 1)
    say(comp, "/vace/reference", "a.png", "b.png")
    comp.draw(3)
    assert (comp.par.Scale.eval(), comp.par.Freeze.eval(), comp.par.Reference.eval()) == (1.5, True, "a.png;b.png")
    assert listener.heard() == []
    comp.par.Reference.val = "c.png ; d.png"
    say(comp, "/vace/scale", 1.0)
    comp.par.Scale.val = 1.25  # in the same frame, by the user
    comp.draw(4)
    assert sorted(listener.heard()) == [("/vace/reference", "c.png", "d.png"), ("/vace/scale", 1.25)]


def test_what_the_backend_says_does_not_take_the_users_expression_away(comp: Op, listener: Listener):
    comp.par.Scale.expr = "0.5 + 0.5"
    say(comp, "/vace/scale", 0.25)
    assert (comp.par.Scale.mode, comp.par.Scale.eval()) == (td.ParMode.EXPRESSION, 1.0)


def test_the_hosts_clock_is_sent_every_frame_while_it_is_asked_for(comp: Op, listener: Listener):
    comp.par.Followclock.val = True
    comp.draw(7)
    comp.draw(8)
    assert listener.heard() == [("/vace/tick", 7), ("/vace/output/follow", "tick"), ("/vace/tick", 8)]
    comp.par.Followclock.val = False
    comp.draw(9)
    comp.draw(10)
    assert listener.heard() == [("/vace/output/follow", "auto")]


def test_the_menu_of_presets_follows_what_others_save(comp: Op):
    give(comp, SHOW)
    comp.par.Followclock.val = False
    comp.par.Start.pulse()
    frames_until(comp, lambda: comp.par.State.eval() == "running", "a running show")
    sent_by_another(comp, "/vace/preset/save", "from the page")
    frames_until(comp, lambda: "from the page" in (comp.par.Presetgo.menuNames or []), "the preset in the menu")


def test_buttons_and_events_of_every_kind_are_sent_as_their_control_takes_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    rows = [
        Control("/vace/a/float", "float", 0.5, "Doc.", event=True),
        Control("/vace/a/int", "int", 3, "Doc.", event=True),
        Control("/vace/a/bool", "bool", True, "Doc.", event=True),
        Control("/vace/a/string", "string", "now", "Doc.", event=True),
        Control("/vace/a/strings", "strings", ("x", "y"), "Doc.", event=True),
        Control("/vace/a/choice", "choice", "two", "Doc.", choices=("one", "two"), event=True),
        Control("/vace/a/floats", "floats", (0.5, 1.0), "Doc.", counts=(2,), event=True),
    ]
    described = [row.describe() for row in (*rows, Control("/vace/a/trigger", "trigger", False, "Doc."))]
    monkeypatch.setitem(SCRIPT["build"].__globals__, "specs", lambda _: SPECS(described))
    comp = built()
    comp.par.Folder.val, comp.par.Python.val, comp.par.Followclock.val = str(tmp_path), sys.executable, False
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    listener = Listener(comp)
    status(comp)
    for row in rows:
        comp.par["A" + row.type + "send"].pulse()
    comp.par.Atrigger.pulse()
    sent = listener.heard()
    listener.close()
    comp.ext.VaceLive._backend.end()
    comp.ext.VaceLive._backend.process.wait(PATIENCE)
    comp.destroy()
    assert sent == [
        ("/vace/a/float", 0.5),
        ("/vace/a/int", 3),
        ("/vace/a/bool", 1),
        ("/vace/a/string", "now"),
        ("/vace/a/strings", "x", "y"),
        ("/vace/a/choice", "two"),
        ("/vace/a/floats", "0.5 1"),
        ("/vace/a/trigger", 1),
        ("/vace/a/trigger", 0),
    ]


def test_the_input_is_shown_until_the_backend_has_said_a_word_and_after_its_end(comp: Op):
    give(comp, SLEEPER)
    assert shown(comp) == (0, False)
    comp.par.Start.pulse()
    assert shown(comp) == (0, True)
    status(comp, "starting")
    assert shown(comp) == (1, True)
    comp.par.Active.val = False
    comp.draw(1)
    assert shown(comp) == (0, False)
    comp.par.Active.val = True
    comp.draw(2)
    comp.par.Transport.val = "memory"  # takes effect with the next start
    comp.draw(3)
    assert shown(comp) == (1, True)
    comp.par.Stop.pulse()
    assert shown(comp) == (0, False)
    status(comp)  # a last word, on its way already
    assert (shown(comp), comp.par.State.eval()) == ((0, False), "stopping")
    frames_until(comp, lambda: not comp.ext.VaceLive.Running, "its end")
    comp.par.Start.pulse()
    status(comp)
    assert shown(comp) == (2, False)
    assert comp.op("memory_out").par.active.eval() is True


def test_a_project_that_was_saved_while_it_ran_begins_at_rest(comp: Op):
    comp.par.State.val, comp.par.Outputfps.val = "running", 30.0
    comp.draw(1)
    assert (comp.par.State.eval(), comp.par.Outputfps.eval()) == ("stopped", 0.0)


def test_an_installation_shows_what_it_does_and_sends_nothing(comp: Op):
    give(comp, "import sys; print('installing torch'); print('ready', flush=True); assert sys.argv[1:] == ['controls']")
    comp.par.Install.pulse()
    assert (comp.par.State.eval(), shown(comp)) == ("installing", (0, False))
    frames_until(comp, lambda: comp.par.State.eval() == "stopped", "its end")
    assert comp.op("log").text == "installing torch\nready"
    assert comp.par.Lasterror.eval() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there taskkill does it")
def test_what_does_not_end_when_asked_is_killed_with_what_it_has_started(
    comp: Op, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stubborn = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    give(comp, stubborn + "open('child', 'w').write(str(p.pid)); print('up', flush=True); p.wait()")
    comp.par.Install.pulse()
    frames_until(comp, lambda: "up" in comp.op("log").text, "it")
    child = int((tmp_path / "child").read_text())
    monkeypatch.setitem(comp.op("process").module.Backend.code.__globals__, "STOP_SECONDS", 0.0)
    comp.par.Stop.pulse()
    frames_until(comp, lambda: not comp.ext.VaceLive.Running, "its end")

    def gone() -> bool:
        try:
            return psutil.Process(child).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    frames_until(comp, gone, "its child's end")


@pytest.mark.skipif(sys.platform == "win32", reason="there taskkill does it")
def test_what_ended_late_and_unseen_is_not_killed(comp: Op, monkeypatch: pytest.MonkeyPatch):
    """Nobody draws frames for longer than it is given to end; when somebody does again, it has ended by itself."""
    give(comp, "import sys; print('up', flush=True); sys.stdin.read()")
    comp.par.Install.pulse()
    frames_until(comp, lambda: "up" in comp.op("log").text, "it")
    process = comp.ext.VaceLive._backend.process
    monkeypatch.setitem(comp.op("process").module.Backend.code.__globals__, "STOP_SECONDS", 0.0)
    comp.par.Stop.pulse()
    process.wait(PATIENCE)
    frames_until(comp, lambda: not comp.ext.VaceLive.Running, "its end")
    assert comp.par.State.eval() == "stopped"


def test_the_backend_does_not_hear_what_touchdesigner_tells_its_own_python(comp: Op, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONHOME", "C:/TouchDesigner/bin")
    give(comp, "import os; print(os.environ.get('PYTHONHOME'), os.environ['PYTHONUTF8'], flush=True)")
    comp.par.Start.pulse()
    frames_until(comp, lambda: comp.par.State.eval() == "failed", "its end")
    assert comp.op("log").text == "None 1"


def test_its_command_is_one_that_the_program_takes(comp: Op):
    lora = Path(comp.par.Folder.eval()) / "film look.safetensors"
    lora.write_bytes(b"")
    comp.par.Width.val, comp.par.Height.val, comp.par.Page.val = 256, 128, False
    comp.par.Device.val, comp.par.Quantise.val, comp.par.Lorafile2.val = "cpu", "int8", str(lora)
    comp.par.Arguments.val = f'--fps 25 --recordings "{lora.parent}/my takes"'
    command = comp.ext.VaceLive.Command()
    parser = main.build_parser()
    options = run_options(parser.parse_args(command[1:]), parser)
    assert (options.width, options.height, options.panel, options.steering.oscquery) == (256, 128, None, None)
    assert (options.model.device, options.model.weights.loras, options.fps) == ("cpu", (lora,), 25.0)
    assert options.model.weights.quantise.main == "int8"
    assert options.recordings == lora.parent / "my takes"
    assert options.steering.osc == ("127.0.0.1", comp.op("osc_out").par.port.eval())
