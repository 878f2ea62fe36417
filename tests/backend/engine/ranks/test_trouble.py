"""A rank that fails, dies or cannot load: the others are not left waiting, and who it was is said."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from backend.engine.ranks.errors import OutOfStep
from backend.engine.ranks.shared_stream import SharedStream
from backend.engine.recovery import Failure
from vace_core.controls import Controls

from .small_ranks import start

SIZE = (32, 48)
ASKED = Controls("gold", loras=(0.0,))
"""Without its LoRA, a model runs the very modules that it was loaded with, into which the tests put faults."""


@pytest.mark.usefixtures("prepared_ranks")
def test_a_rank_that_runs_out_of_memory_takes_the_stream_with_it_and_says_so(tmp_path: Path) -> None:
    model, workers = start(tmp_path)
    shared = SharedStream(model, workers, *SIZE)
    shared.step(ASKED)
    (tmp_path / "full").touch()
    with pytest.raises(OutOfStep, match=r"^cpu: CUDA out of memory") as raised:
        shared.step(ASKED)
    failure = Failure.of(raised.value)
    assert (failure.kind, failure.final) == ("memory", True)
    with pytest.raises(OutOfStep, match="out of memory"):
        shared.settle()
    assert not any(psutil.pid_exists(pid) for pid in workers.pids)


@pytest.mark.usefixtures("prepared_ranks")
def test_a_fault_of_the_engine_s_own_rank_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, workers = start(tmp_path)
    shared = SharedStream(model, workers, *SIZE)

    def fail(*_: object) -> None:
        raise RuntimeError("a kernel failed")

    monkeypatch.setattr(model.transformer.blocks[1], "forward", fail)
    with pytest.raises(OutOfStep, match=r"^cpu: a kernel failed$") as raised:
        shared.step(ASKED)
    assert (Failure.of(raised.value).kind, Failure.of(raised.value).final) == ("other", True)
    assert not any(psutil.pid_exists(pid) for pid in workers.pids)


@pytest.mark.usefixtures("prepared_ranks")
@pytest.mark.parametrize("idle", [True, False], ids=["between chunks", "in a chunk"])
def test_a_rank_that_is_killed_is_named_with_its_exit_code(tmp_path: Path, idle: bool) -> None:
    model, workers = start(tmp_path)
    shared = SharedStream(model, workers, *SIZE)
    if idle:
        os.kill(workers.pids[0], signal.SIGKILL)
    else:
        model.transformer.blocks[1].register_forward_pre_hook(lambda *_: os.kill(workers.pids[0], signal.SIGKILL))
    with pytest.raises(OutOfStep, match=r"^cpu: its process died \(exit code -9\)$"):
        shared.step(ASKED)


def test_a_rank_that_cannot_load_is_named_and_no_process_is_left(tmp_path: Path) -> None:
    (tmp_path / "damaged").touch()
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(ValueError, match=r"^cpu: the file is damaged$"):
        start(tmp_path)
    left = [child for child in psutil.Process().children() if child.pid not in before and child.name() != "git"]
    assert not [child for child in left if "spawn_main" in " ".join(child.cmdline())]
