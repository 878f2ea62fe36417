"""An engine with a worker process, under real kills: nothing is left behind, and all of it comes again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.engine.ranks.workers import BROKEN
from tests.backend import waiting
from tests.backend.front.test_supervisor import Rig
from tests.backend.waiting import wait_for

from .small_ranks import DEVICES, NAME

ROOT = Path(__file__).parents[4]
MODULE = "tests.backend.engine.ranks.test_kills"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PATIENCE = 240.0
"""Seconds, for three processes that each import torch, on a machine that may be busy."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", PATIENCE)


def open_rig(folder: Path) -> Rig:
    rig = Rig(folder, load=f"{NAME}:load", devices=DEVICES)
    rig.open()
    return rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = open_rig(tmp_path)
    yield rig
    rig.close()


def worker_of(folder: Path) -> int:
    return int((folder / "ranks").read_text())


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_an_engine_ends_with_a_rank_that_dies_and_both_come_again(rig: Rig, tmp_path: Path) -> None:
    rig.wait_for_chunks(2)
    engine, worker = rig.supervisor.pid, worker_of(tmp_path)
    os.kill(worker, signal.SIGKILL)
    rig.wait_until_told("its process died (exit code -9)")
    wait_for(lambda: worker_of(tmp_path) != worker, "another worker")
    rig.wait_for_chunks(2)
    assert rig.supervisor.pid != engine
    assert is_gone(worker)


def test_a_process_that_does_nothing_ends_with_its_worker_too(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-m", NAME, str(tmp_path)], cwd=ROOT) as process:
        try:
            wait_for(lambda: (tmp_path / "ranks").exists(), "a worker")
            os.kill(worker_of(tmp_path), signal.SIGKILL)
            wait_for(lambda: process.poll() is not None, "the end of the process")
            assert process.returncode == BROKEN
        finally:
            process.kill()


def test_a_rank_ends_with_an_engine_that_is_killed(rig: Rig, tmp_path: Path) -> None:
    rig.wait_for_chunks(1)
    worker = worker_of(tmp_path)
    os.kill(rig.supervisor.pid or 0, signal.SIGKILL)
    wait_for(lambda: is_gone(worker), "the end of the worker")
    wait_for(lambda: worker_of(tmp_path) != worker, "another worker")
    rig.wait_for_chunks(1)


def test_a_rank_without_memory_has_the_next_engine_begin_one_rung_lower(rig: Rig, tmp_path: Path) -> None:
    rig.wait_for_chunks(1)
    (tmp_path / "full").touch()
    rig.wait_until_told("out of memory: decoding in one go is given up, and the engine starts again")
    (tmp_path / "full").unlink()
    wait_for(lambda: "without decoding in one go" in rig.status.degraded, "a chunk made with less memory")


def test_nothing_is_left_of_a_front_that_is_killed(tmp_path: Path) -> None:
    front = subprocess.Popen([sys.executable, "-m", MODULE, str(tmp_path)], cwd=ROOT)
    try:
        wait_for(lambda: (tmp_path / "chunks").exists(), "a chunk")
        family = psutil.Process(front.pid).children(recursive=True)
        assert worker_of(tmp_path) in {one.pid for one in family}
    finally:
        front.kill()
        front.wait()
    wait_for(lambda: all(is_gone(one.pid) for one in family), "the end of all")


def main(folder: Path) -> None:
    """A front to be killed: runs until then, and tells of its first chunk."""
    waiting.PATIENCE = PATIENCE
    rig = open_rig(folder)
    rig.wait_for_chunks(1)
    (folder / "chunks").touch()
    time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
