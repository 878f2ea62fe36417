"""Each trial, on a show that is not there: nothing is lost where all goes well, and whatever goes wrong is lost."""

from __future__ import annotations

import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

from backend.measure.soak import chaos, damaged_files, damaged_weights, fuzz_osc, fuzz_web, soak
from backend.measure.soak.attacks import neighbours, poison
from backend.measure.soak.attacks.attack import Attack
from backend.measure.soak.chaos import FULL_DISK, THINGS, Chaos
from backend.measure.soak.judge import Loss
from backend.measure.soak.show import Ended
from backend.measure.soak.trials import engine, fuzz, hostile, poisoned, supervise
from backend.measure.soak.trials.table import TRIALS, run_trial
from backend.measure.soak.watch import Seen

VALUES = {"/vace/scale": (0.5,), "/vace/source": ("shm:host",), "/vace/record": (0,)}
FIGURES = {"ticks": 900, "ticks_missed": 0, "restarts": 0}
SECONDS = {
    engine: ("PAUSE_SECONDS", "KEPT_SECONDS"),
    poisoned: ("PAUSE_SECONDS", "TAKEN_SECONDS"),
    supervise: ("PAUSE_SECONDS", "BACK_SECONDS", "FRESH_SECONDS", "GONE_SECONDS"),
    hostile: ("TOLD_SECONDS", "SETTLE_SECONDS", "BYPASS_SECONDS", "DARK_SECONDS", "BACK_SECONDS"),
    chaos: ("FIRST_SECONDS", "CALM_SECONDS", "HELD_SECONDS", "TOLD_SECONDS"),
}
"""What would be waited for, by the module that does."""


class Process:
    """A front or an engine."""

    pid, runs = 7, True

    def __init__(self, killed: Callable[[], None] = lambda: None) -> None:
        self.killed = killed

    def kill(self) -> None:
        self.runs = False
        self.killed()

    def children(self, recursive: bool = False) -> list[Process]:
        return []

    def is_running(self) -> bool:
        return self.runs

    def status(self) -> str:
        return "running"


class Stage:
    """A stage, the show on it, who watches that and who sends to it, in one: all goes well but for what a test breaks.

    fresh: whether restyled frames come. told: whether anybody is told of anything. changes: what the controls become
    once something was done to the show.
    """

    def __init__(self, folder: Path) -> None:
        self.show = self.watch = self.sender = self.host = self
        self.folder, self.source, self.process = folder, "shm:host", object()
        self.osc = self.osc_tcp = self.panel = 9
        self.whims: Counter[str] = Counter()
        self.began, self.restyled = 0.0, 9
        self.alive = self.shows = self.fresh = self.told = self.obeys = self.taken = True
        self.changes: dict[str, tuple] = {}
        self.lost: list[Loss] = []
        self.figures = dict(FIGURES)
        self.shown: Process | None = Process()
        self.supervised = True
        self._seen = Seen(values=dict(VALUES))

    @property
    def seen(self) -> Seen:
        """With a frame more each time that it is looked at."""
        self._seen.frames += self.shows
        return self._seen

    def engine(self) -> Process | None:
        return self.shown

    def front(self) -> Any:
        back = lambda: self._seen.lives.append(time.monotonic()) if self.shows else None  # noqa: E731
        return Process(back) if self.supervised else self.process

    def rings(self) -> set[Path]:
        return set(self.folder.glob("*.ring"))

    def end(self) -> Ended:
        return Ended(0, True, json.dumps(self.figures), [], [])

    def mark(self) -> float:
        self._seen.values |= self.changes
        self._seen.fresh = [(time.monotonic(), 1)] if self.fresh else []
        return time.monotonic()

    def renew(self) -> None:
        self._seen.values = VALUES | self.changes

    def fresh_after(self, moment: float, seconds: float) -> float | None:
        return 0.5 if self.fresh else None

    def known_after(self, moment: float, seconds: float) -> float | None:
        return 0.1 if self.told else None

    def losses(self) -> list[Loss]:
        return self.lost

    def send(self, address: str, *arguments: Any) -> None:
        if self.obeys and address in VALUES:
            self._seen.values[address] = arguments

    def send_packet(self, packet: bytes) -> None:
        pass

    def receive(self) -> list:
        return []

    def wait_for_error(self, address: str, seconds: float) -> str | None:
        return "it can't be" if self.told else None


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """What every trial opens; and nothing is waited for."""
    made = Stage(tmp_path)

    @contextmanager
    def open_stage(*_: object, **__: object) -> Iterator[Stage]:
        yield made

    def poisoned_file(folder: Path, kind: str, chunks: int = 1) -> Path:
        file = folder / kind
        if not made.taken:
            file.touch()
        return file

    for module in (engine, poisoned, supervise, hostile, fuzz, soak):
        monkeypatch.setattr(module, "open_stage", open_stage)
    for module, names in SECONDS.items():
        for name in names:
            monkeypatch.setattr(module, name, (0.0, 0.0) if isinstance(getattr(module, name), tuple) else 0.01)
    for module in (fuzz, hostile, chaos):
        monkeypatch.setattr(module, "put_back", quick_put_back)
    for name in ("kill", "suspend"):
        monkeypatch.setattr(psutil.Process, name, lambda process: None)
    monkeypatch.setattr(poison, "poison", poisoned_file)
    monkeypatch.setattr(hostile, "make_hostile_files", lambda folder, port: {})
    attack(monkeypatch)
    monkeypatch.setattr(fuzz_osc, "fuzz_osc", lambda *_: fuzz_osc.FuzzReport())
    monkeypatch.setattr(fuzz_web, "fuzz_web", lambda *_: fuzz_web.WebFuzz(50, 1, 0.1, ()))
    monkeypatch.setattr(damaged_files, "fuzz_files", lambda kind, *_: damaged_files.Figures(kind, read=1))
    monkeypatch.setattr(damaged_weights, "fuzz_weights", lambda *_: {"loaded": 1, "refused": 0, "lost": []})
    return made


def quick_put_back(stage: Stage, before: dict[str, tuple]) -> list[str]:
    """As the real one, which tries for seconds."""
    for address, value in before.items():
        stage.send(address, *value)
    return [f"{each} could not be put back" for each in before if stage.seen.values[each] != before[each]]


def attack(monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    """The one thing that is done in the trial of hostile things; it has to be refused, unless `parts` say otherwise."""
    one = Attack(
        **{"name": "a bad value", "deliver": lambda stage: None, "address": "/vace/scale", "refused": True} | parts
    )
    monkeypatch.setattr(hostile, "all_attacks", lambda files: iter([one]))


def lost(trial: str) -> list[str]:
    return run_trial(trial, 1, seed=1)["lost"]


@pytest.mark.parametrize("trial", TRIALS)
def test_nothing_is_lost_where_all_goes_well(stage: Stage, trial: str):
    assert lost(trial) == []


ENGINE = ("kill", "stop", "memory", "nan")
FUZZ = ("fuzz-osc", "fuzz-web")
BROKEN: dict[str, tuple[dict[str, object], str, tuple[str, ...]]] = {
    "no fresh frame": ({"fresh": False}, "no fresh frame", (*ENGINE, *FUZZ)),
    "no restyled frame": ({"fresh": False}, "no restyled frame", ("supervise",)),
    "nobody is told": ({"told": False}, "nobody was told", ENGINE),
    "a sender who is not told": ({"told": False}, "its sender was not told", ("hostile",)),
    "controls that are lost": (
        {"changes": {"/vace/scale": (2.0,)}},
        "not as they were: /vace/scale",
        (*ENGINE, "supervise"),
    ),
    "no engine": ({"shown": None}, "there was no engine to attack", ("kill", "stop")),
    "poison that nothing takes": ({"taken": False}, "no chunk was made", ("memory", "nan")),
    "nobody who supervises": ({"supervised": False}, "nobody supervises it", ("supervise",)),
    "no frame ever again": ({"shows": False}, "no frame came again", ("supervise",)),
    "a dark output": ({"shows": False}, "the output ended for good", ("hostile",)),
    "a gap": ({"lost": [Loss("gap", 1.0, 2.0, "running")]}, "stood still for 1.00 s", (*ENGINE, "hostile", *FUZZ)),
    "a missed tick": (
        {"figures": FIGURES | {"ticks_missed": 1}},
        "1 of 900 ticks were missed",
        (*ENGINE, "hostile", "supervise", *FUZZ),
    ),
}
"""What is wrong with the stage, what is said of that, and by which trials."""


@pytest.mark.parametrize(
    ("trial", "broken"), [(trial, name) for name, (_, _, trials) in BROKEN.items() for trial in trials]
)
def test_what_goes_wrong_is_lost(stage: Stage, trial: str, broken: str):
    parts, line, _ = BROKEN[broken]
    for name, value in parts.items():
        setattr(stage, name, value)
    assert [said for said in lost(trial) if line in said]


def test_shared_memory_that_a_killed_front_leaves_is_lost(stage: Stage):
    (stage.folder / "a.ring").touch()
    stage.rings = Iterated([{stage.folder / "a.ring"}, set()])  # type: ignore[method-assign]
    assert [said for said in lost("supervise") if "left shared memory a.ring" in said]


class Iterated:
    """A function that gives one thing after the other, and then always the last."""

    def __init__(self, values: list) -> None:
        self._values = values

    def __call__(self) -> Any:
        return self._values.pop(0) if len(self._values) > 1 else self._values[0]


def test_an_attack_that_costs_an_engine_its_life_or_another_control_its_value_is_lost(stage: Stage, monkeypatch):
    attack(monkeypatch, deliver=lambda stage: setattr(stage, "shown", Process()))
    assert lost("hostile") == ["a bad value: the engine was started again"]
    attack(monkeypatch, deliver=lambda stage: stage.seen.values.update({"/vace/record": (1,)}))
    assert lost("hostile") == ["a bad value: /vace/record changed to (1,)"]
    attack(monkeypatch, deliver=lambda stage: stage.seen.values.update({"/vace/scale": (9.0,)}))
    assert lost("hostile") == ["a bad value: /vace/scale was left at (9.0,)"]


def test_an_address_in_a_playlist_that_was_opened_is_lost(stage: Stage, monkeypatch):
    def call(folder: Path, port: int) -> dict:
        socket.create_connection(("127.0.0.1", port)).close()
        return {}

    monkeypatch.setattr(hostile, "make_hostile_files", call)
    assert lost("hostile") == ["a playlist's address was opened"]


@pytest.mark.parametrize(
    ("trial", "module", "report", "line"),
    [
        ("fuzz-osc", fuzz_osc, fuzz_osc.FuzzReport(lost=[600]), "no answer any more after 600 packets"),
        ("fuzz-web", fuzz_web, fuzz_web.WebFuzz(50, 0, 0.0, ("timed out after 50 requests",)), "timed out after 50"),
        ("fuzz-files", damaged_files, damaged_files.Figures("png", wrong={3: "IndexError"}), "png 3: IndexError"),
        ("fuzz-files", damaged_files, damaged_files.Figures("png", hung=2), "png: 2 files were never done"),
        ("fuzz-weights", damaged_weights, {"loaded": 0, "refused": 0, "lost": ["torch 3: hung"]}, "torch 3: hung"),
    ],
)
def test_what_a_fuzzer_finds_is_lost(stage: Stage, monkeypatch, trial: str, module: ModuleType, report, line: str):
    monkeypatch.setattr(module, trial.replace("-", "_"), lambda *_: report)
    assert [said for said in lost(trial) if line in said]


@pytest.mark.parametrize("trial", ["fuzz-osc", "fuzz-web"])
def test_controls_that_a_fuzzer_moved_for_good_are_lost(stage: Stage, trial: str):
    stage.renew = lambda: stage.seen.values.update({"/vace/scale": (2.0,)})  # type: ignore[method-assign]
    stage.obeys = False
    assert lost(trial) == ["/vace/scale could not be put back"]


@pytest.fixture
def chaotic(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Chaos:
    @contextmanager
    def full_disk(process: object) -> Iterator[bool]:
        yield True

    monkeypatch.setattr(neighbours, "full_disk", full_disk)
    return Chaos(stage, [], stage.folder, random.Random(1), Counter(), [])  # type: ignore[arg-type]


def test_a_recording_on_a_full_disk_is_lost_if_nobody_is_told_or_its_switch_stays_on(stage: Stage, chaotic: Chaos):
    stage.obeys = False
    THINGS[FULL_DISK](chaotic)
    assert chaotic.lost == []
    stage._seen.values["/vace/record"] = (1,)
    THINGS[FULL_DISK](chaotic)
    stage.told = False
    THINGS[FULL_DISK](chaotic)
    said = ["its switch stays on", "nobody was told"]
    assert chaotic.lost == [f"a recording on a full disk: {each}" for each in said]


def test_a_control_that_chaos_can_not_put_back_is_lost(stage: Stage, chaotic: Chaos):
    chaotic.attacks = [Attack("a bad value", lambda _: stage.seen.values.update({"/vace/scale": (9.0,)}))]
    THINGS["attack"](chaotic)
    assert chaotic.lost == []
    stage.obeys = False
    stage._seen.values = dict(VALUES)
    THINGS["attack"](chaotic)
    assert chaotic.lost == ["a bad value: /vace/scale could not be put back"]


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({}, ""),
        ({"lost": [Loss("restyled", 3.0, 9.0, "running")]}, "no restyled frame for 6.0 s"),
        ({"alive": False}, "the program ended by itself"),
        ({"figures": FIGURES | {"ticks_missed": 90}}, "90 of 900 ticks"),
    ],
)
def test_a_soak_with_chaos_says_what_was_lost(stage: Stage, monkeypatch, parts: dict, line: str):
    monkeypatch.setattr(soak, "make_hostile_files", lambda folder, port: {})
    monkeypatch.setattr(soak, "all_attacks", lambda files: iter(()))
    for name, value in parts.items():
        setattr(stage, name, value)
    said = soak.soak(0.0, chaos=True, seed=1, pipeline="pocket")["lost"]
    assert [line in each for each in said] == ([True] if line else [])
