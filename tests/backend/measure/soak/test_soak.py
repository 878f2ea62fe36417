import json
import random
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.cli.main import build_parser
from backend.cli.run_options import log_file, run_options
from backend.measure.soak.attacks import poison
from backend.measure.soak.fake_host import SIZES, WHIMS, FakeHost, Sender
from backend.measure.soak.judge import Limits
from backend.measure.soak.show import Ended, Show
from backend.measure.soak.soak import end_losses, growth_losses, slope_per_minute, soak
from backend.measure.soak.stage import open_stage
from bridge.video import framecode
from bridge.video.shared_memory import SharedMemorySource
from tests.backend.measure.soak.broken_program import BREAK
from tests.backend.waiting import PATIENCE, wait_for

FINE = {"ticks": 10_000, "ticks_missed": 3, "restarts": 0, "chunks": 50}
ENDED = Ended(returncode=0, obeyed=True, figures=json.dumps(FINE), log=[], left_behind=[])


def test_nothing_is_lost_where_all_went_well():
    assert end_losses(ENDED.parsed(), ENDED, chaos=False) == []
    assert end_losses({**FINE, "restarts": 2}, ENDED, chaos=True) == [], "chaos ends engines"
    assert growth_losses([100.0] * 60, slope=0.1) == []


@pytest.mark.parametrize(
    ("figures", "ended", "line"),
    [
        ({"ticks_missed": 30}, {}, "30 of 10000 ticks"),
        ({"restarts": 1}, {}, "restarted 1 times"),
        ({}, {"obeyed": False}, "did not end"),
        ({}, {"left_behind": ["process 7"]}, "left behind: process 7"),
    ],
)
def test_each_thing_that_is_lost_is_said(figures: dict, ended: dict, line: str):
    assert [line in said for said in end_losses({**FINE, **figures}, replace(ENDED, **ended), chaos=False)] == [True]


def test_a_program_that_printed_nothing_is_known_by_the_end_of_its_log():
    with pytest.raises(RuntimeError, match=r"ended with 1 .*: vace: no such thing"):
        replace(ENDED, returncode=1, figures="", log=["vace: no such thing"]).parsed()


def test_growth_is_that_of_the_second_half():
    warming = [float(n) for n in range(60)] + [60.0] * 60
    assert slope_per_minute(warming) == pytest.approx(0.0)
    rising = [50.0 + n / 4 for n in range(240)]
    assert slope_per_minute(rising) == pytest.approx(15.0)
    assert ["grew by 15.00 MB a minute" in said for said in growth_losses(rising, 15.0)] == [True]
    assert slope_per_minute([100.0]) == 0.0
    assert ["300 MB" in said for said in growth_losses([300.0], 0.0)] == [True]


def test_the_user_s_presets_recordings_log_and_ports_are_left_alone():
    show, parser = Show("testcard:"), build_parser()
    options = parser.parse_args(show._command[show._command.index("run") :])
    settled = run_options(options, parser)
    assert (settled.steering.presets, log_file(options)) == (show.folder / "presets.json", show.folder / "show.log")
    assert settled.recordings == show.recordings
    assert (settled.steering.osc, settled.panel) == (("127.0.0.1", show.osc), ("127.0.0.1", show.panel))
    show.folder.rmdir()


def test_a_standin_sends_frames_that_can_be_read_and_ends_with_its_shared_memory():
    name = f"vacetest{secrets.token_hex(4)}"
    with FakeHost(name, 60.0, SIZES[0]), SharedMemorySource(name, 0, 0, 0) as source:
        codes = [framecode.read(frame.pixels) for _ in range(5) if (frame := source.read(PATIENCE))]
    assert [code is not None for code in codes] == [True] * 5
    numbers = [code.number for code in codes if code]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("whim", WHIMS)
def test_after_every_whim_frames_come_again(whim: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("backend.measure.soak.fake_host.PAUSE_SECONDS", (0.0, 0.01))
    sender = Sender(f"vacetest{secrets.token_hex(4)}", 30.0, SIZES[0])
    sender.open()
    for seed in range(6):
        WHIMS[whim](sender, random.Random(seed))
        sender.send()
        with SharedMemorySource(sender.name, 0, 0, 0) as source:
            wait_for(lambda source=source: (frame := source.read(0.1)) and frame.pixels.shape[:2] == sender.size, whim)
    sender.close()


@pytest.mark.slow
def test_a_short_soak_runs_the_whole_program_and_says_what_it_saw():
    command = [sys.executable, "-m", "backend", "soak", "--minutes", "0.1", "--seed", "3", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100)
    figures = json.loads(run.stdout)
    assert run.returncode == (1 if figures["lost"] else 0)
    assert figures["frames"] > 60
    assert figures["restyled"] > 0
    assert figures["ticks"] >= figures["frames"]
    assert figures["front_mb"] > 20


@pytest.mark.slow
@pytest.mark.parametrize(("way", "kind"), [("presenter", "gap"), ("reload", "explained"), ("picture", "frozen")])
def test_a_program_that_is_broken_on_purpose_is_found_out(way: str, kind: str, tmp_path: Path):
    run = ("-m", "tests.backend.measure.soak.broken_program", way, "run")
    limits = Limits(explained=20.0)
    with open_stage(run=run, environment={poison.FOLDER: str(tmp_path)}, limits=limits) as stage:
        (tmp_path / BREAK).touch()
        if way == "reload":
            engine = stage.show.engine()
            assert engine is not None
            engine.kill()
        wait_for(lambda: kind in {loss.kind for loss in stage.watch.losses()}, f"a loss of the kind {kind}")


@pytest.mark.slow
def test_a_soak_of_a_broken_program_has_lost_something():
    run = ("-m", "tests.backend.measure.soak.broken_program", "picture", "run")
    figures = soak(0.6, chaos=False, seed=0, pipeline="pocket", run=run)
    assert [line for line in figures["lost"] if "same picture" in line]
