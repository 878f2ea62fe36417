"""Each example runs, as a person would run it, and does what its docstring says."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from bridge.video.clip import Clip
from tests.test_house import ROOT

EXAMPLES = ROOT / "examples"
ALL = {"stream_in_ten_lines", "restyle_clip", "osc_remote", "custom_source", "latency"}
QUIET = ("--panel", "off", "--presets", "off")


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What Python says of them, where this tree is on its path, as `start.py python` puts it there."""
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def example(name: str) -> str:
    return str(EXAMPLES / f"{name}.py")


@pytest.fixture
def free_port() -> int:
    """A port that nobody has, by UDP and TCP as far as can be said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_every_example_is_tested_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == ALL


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_example_is_short_and_says_how_it_is_run(name: str):
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 110
    assert f"examples/{name}.py" in text.split('"""')[1]


def test_the_core_alone_makes_a_video_in_ten_lines(tmp_path: Path):
    text = (EXAMPLES / "stream_in_ten_lines.py").read_text(encoding="utf-8")
    code = [line for line in text.split('"""')[2].splitlines() if line and not line.startswith(("import", "from"))]
    assert len(code) <= 10
    run([example("stream_in_ten_lines"), "made.mp4", "1"], tmp_path)
    assert len(list(Clip(tmp_path / "made.mp4").decode())) == 9


def test_a_clip_is_restyled_frame_for_frame(tmp_path: Path):
    ran = run([example("restyle_clip"), str(ROOT / "backend/clips/cup.mp4"), "out.mp4", "--frames", "11"], tmp_path)
    assert ran.stdout == "out.mp4: 11 frames\n"
    assert len(list(Clip(tmp_path / "out.mp4").decode())) == 11


def test_a_source_of_ones_own_is_shown(tmp_path: Path):
    options = ("--osc", "off", "--seconds", "2", "--sink", "file:out.mp4", *QUIET)
    ran = run([example("custom_source"), *options], tmp_path)
    assert "source: circles, 192x128 at" in ran.stderr
    assert len(list(Clip(tmp_path / "out.mp4").decode())) > 10


def test_latency_is_measured_on_frames_that_came_back(tmp_path: Path):
    ran = run([example("latency"), "--seconds", "2", "--fps", "12"], tmp_path)
    said = re.fullmatch(r"(\d+) frames came back: median (\d+) ms, 90th percentile (\d+) ms\n", ran.stdout)
    assert said is not None
    frames, median, slow = (int(number) for number in said.groups())
    assert frames > 0
    assert 0 < median <= slow


def test_a_running_show_is_played_by_osc(tmp_path: Path, free_port: int):
    command = [sys.executable, "-m", "backend", "run", "--source", "testcard:", "--sink", "null:", *QUIET]
    command += ["--osc", f"127.0.0.1:{free_port}", "--oscquery", f"127.0.0.1:{free_port}", "--until-stdin-ends"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path, env=environment()) as show:
        try:
            wait_for(free_port)
            run([example("osc_remote"), "--port", str(free_port), "--seconds", "1", "--every", "0.6"], tmp_path)
            assert value(free_port, "/vace/prompt") == "a house of ice, snowing"
            assert value(free_port, "/vace/scale") == 1.0
        finally:
            show.communicate(timeout=60)


def value(port: int, address: str) -> object:
    """What OSCQuery says that a control holds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}?VALUE", timeout=10) as answer:
        return json.load(answer)["VALUE"][0]


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            value(port, "/vace/scale")
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)
