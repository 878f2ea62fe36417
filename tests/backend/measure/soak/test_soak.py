import json
import random
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from backend.cli.main import build_parser
from backend.cli.run import log_file, run_options
from backend.measure.soak.fake_host import SIZES, WHIMS, FakeHost, Sender
from backend.measure.soak.soak import Seen, losses, run_arguments
from bridge.video import framecode
from bridge.video.shared_memory import SharedMemorySource
from tests.backend.waiting import PATIENCE, wait_for

FINE = {"ticks": 10_000, "ticks_missed": 3, "restarts": 0, "chunks": 50}


def test_nothing_is_lost_where_all_went_well():
    assert losses(FINE, Seen(longest_gap=0.08), growth=2.0) == []
    assert losses({**FINE, "restarts": 2}, Seen(kills=2), growth=0.0) == [], "those that it was killed for"


@pytest.mark.parametrize(
    ("figures", "seen", "growth", "line"),
    [
        ({"ticks_missed": 30}, Seen(), 0.0, "30 of 10000 ticks"),
        ({}, Seen(longest_gap=0.5), 0.0, "stood still for 500 ms"),
        ({}, Seen(), 40.0, "grew by 40.0 MB"),
        ({"restarts": 1}, Seen(), 0.0, "restarted 1 times, killed 0"),
        ({"chunks": 0}, Seen(), 0.0, "no picture"),
    ],
)
def test_each_thing_that_is_lost_is_said(figures, seen: Seen, growth: float, line: str):
    assert [line in said for said in losses({**FINE, **figures}, seen, growth)] == [True]


def test_the_user_s_presets_recordings_and_ports_are_left_alone(tmp_path: Path):
    parser = build_parser()
    options = parser.parse_args(run_arguments("in", "out", 9123, 1.0, "pocket", tmp_path))
    settled = run_options(options, parser)
    assert (settled.steering.presets, log_file(options)) == (tmp_path / "presets.json", tmp_path / "soak.log")
    assert settled.recordings == tmp_path / "recordings"
    assert (settled.steering.osc, settled.steering.oscquery, settled.panel) == (("127.0.0.1", 9123), None, None)


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
    assert figures["ticks"] >= figures["frames"]
    assert figures["front_mb"] > 20
