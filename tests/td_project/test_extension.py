"""The component's extension in the stand-in, with real processes, and with a real show over real OSC."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.control.packets import parse
from tests.backend.waiting import PATIENCE
from tests.td_project.fake_td import Op
from tests.td_project.test_build import built

ROOT = Path(__file__).parents[2]
SLEEPER = "import sys; print('restyling', flush=True); sys.stdin.read()"
SHOW = f"""
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
from backend.front import Front, RunOptions
from backend.steering import SteeringOptions

if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--osc") + 1].split(":")[1])
    size = dict(height=32, width=48, fps=30.0, load="tests.backend.fake_model:load")
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    with Front(RunOptions("testcard:", steering=SteeringOptions(osc=("127.0.0.1", port)), **size)) as front:
        front.wait(None, stop)
"""


@pytest.fixture
def comp(tmp_path: Path):
    """A component whose backend is a script of the test's; nothing of it is left running."""
    made = built()
    made.live = True
    made.par.Folder.val = str(tmp_path)
    made.par.Python.val = sys.executable
    yield made
    backend = made.ext.VaceLive._backend
    made.ext.VaceLive.Leave()
    if backend is not None:
        backend.process.wait(PATIENCE)
    for name in ("osc_in", "osc_out"):
        made.op(name).close()


def give(comp: Op, script: str) -> None:
    (Path(comp.par.Folder.eval()) / "start.py").write_text(script)


def frames_until(comp: Op, condition: Callable[[], object], what: str) -> None:
    """Let TouchDesigner draw frames until then, each quick: its thread must not be held up."""
    end, frame = time.monotonic() + PATIENCE, 0
    while not condition():
        assert time.monotonic() < end, f"waited for {what}; state {comp.par.State.eval()}, {comp.par.Lasterror.eval()}"
        frame += 1
        comp.op("each_frame").module.onFrameStart(frame)
        comp.op("osc_in").receive_osc()
        time.sleep(1 / 60)


def asked(comp: Op, address: str) -> tuple:
    """What the backend answers somebody else."""
    builder = OscMessageBuilder("/vace/get")
    builder.add_arg(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(PATIENCE)
        asker.sendto(builder.build().dgram, ("127.0.0.1", int(comp.op("osc_out").par.port.eval())))
        return parse(asker.recv(65536))[0].arguments


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
        command = one.ext.VaceLive._command()
        commands.append(command)
        options = dict(zip(command, command[1:], strict=False))
        assert options["--source"] == f"spout:{one.par.Folder.owner.op('spout_out').par.sendername.eval()}"
        assert options["--sink"] == f"spout:{one.op('spout_in').par.sendername.eval()}"
        assert options["--osc"] == f"127.0.0.1:{one.op('osc_out').par.port.eval()}"
    assert not {word for word in commands[0] if ":" in word and "8080" not in word} & set(commands[1])
    comp.par.Transport.val = "memory"
    assert (comp.op("pick").par.index.eval(), comp.op("spout_out").par.active.eval()) == (1, False)
    assert any(word.startswith("touch:vace-in-") for word in comp.ext.VaceLive._command())


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
    assert comp.ext.VaceLive._backend.process.pid == pid


@pytest.mark.parametrize("leave", ["exit", "destroy"])
def test_when_the_project_or_the_component_goes_the_backend_goes(comp: Op, leave: str):
    give(comp, SLEEPER)
    comp.par.Start.pulse()
    process = comp.ext.VaceLive._backend.process
    if leave == "exit":
        comp.op("each_frame").module.onExit()
    else:
        comp.op("deletion").module.onDestroy(comp)
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
