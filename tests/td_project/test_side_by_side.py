"""Two components of one project at once, each with a real show: other names, other ports, other presets."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backend.waiting import PATIENCE
from tests.td_project.fake_td import Op
from tests.td_project.stage import ROOT, asked, component, end, give
from tests.td_project.test_build import project

PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from dataclasses import replace
import backend.cli.run as run
from backend.cli.main import main

real = run.run_options

def without_spout(options, parser):
    settled = real(options, parser)
    size = dict(height=32, width=48, fps=30.0, load="tests.backend.fake_model:load")
    return replace(settled, source="testcard:", sinks=(), **size)

run.run_options = without_spout
if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
"""
"""The program with the command line that the component gives it; only its frames do not go by Spout, and its model is a
stand-in."""


@pytest.fixture
def pair(tmp_path: Path):
    """Two components, one in a container beside the other, with one folder of the program."""
    root = project()
    made = [component(tmp_path, root), component(tmp_path, root.create("baseCOMP", "stage_left"))]
    give(made[0], PROGRAM)
    yield made
    for one in made:
        end(one)


def wait_for_both(pair: list[Op], what: str, condition: Callable[[Op], object]) -> None:
    """Let TouchDesigner draw frames with both until it is so for both."""
    deadline, frame = time.monotonic() + PATIENCE, 0
    while not all(condition(one) for one in pair):
        said = [(one.par.State.eval(), one.par.Lasterror.eval()) for one in pair]
        assert time.monotonic() < deadline, f"waited for {what}; {said}"
        frame += 1
        for one in pair:
            one.draw(frame)
        time.sleep(1 / 60)


def test_they_run_at_the_same_time_and_share_nothing(pair: list[Op], tmp_path: Path):
    for one in pair:
        one.par.Arguments.val = f"--recordings {tmp_path.as_posix()}/takes --log off"
        one.par.Start.pulse()
    wait_for_both(pair, "a running show", lambda one: one.par.State.eval() == "running")
    for parameter in ("Runsas", "Pageaddress", "Oscaddress"):
        assert len({one.par[parameter].eval() for one in pair}) == 2, parameter
    assert [one.par.Runsas.eval() for one in pair] == ["project1-vace_live", "project1-stage_left-vace_live"]
    for one in pair:
        with urllib.request.urlopen(one.par.Pageaddress.eval(), timeout=10) as page:
            assert page.status == 200
    left, right = pair
    left.par.Prompt.val, right.par.Prompt.val = "ice", "fire"
    wait_for_both(pair, "its own prompt", lambda one: asked(one, "/vace/prompt") == (one.par.Prompt.eval(),))
    for one in pair:
        one.par.Presetsave.val = "1"
        one.par.Presetsavesend.pulse()
    files = [tmp_path / "presets" / f"{one.par.Runsas.eval()}.json" for one in pair]
    wait_for_both(pair, "their presets", lambda _: all(file.is_file() for file in files))
    kept = [json.loads(file.read_text(encoding="utf-8"))["content"]["1"]["/vace/prompt"] for file in files]
    assert kept == ["ice", "fire"]
    for one in pair:
        one.par.Prompt.val = "other"
    wait_for_both(pair, "another prompt", lambda one: asked(one, "/vace/prompt") == ("other",))
    for one in pair:
        one.par.Preset1.pulse()
    wait_for_both(pair, "its preset", lambda one: one.par.Prompt.eval() == kept[pair.index(one)])
    for one in pair:
        one.par.Stop.pulse()
    wait_for_both(pair, "its end", lambda one: not one.ext.VaceLive.Running)
    assert [one.par.State.eval() for one in pair] == ["stopped", "stopped"]
