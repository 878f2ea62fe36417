"""The front itself is killed, under `run --supervise`: how soon frames come again, and whether anything is left."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import psutil

from ..show import runs
from ..stage import Stage, open_stage
from ..watch import wait_until
from .engine import FRESH_SECONDS, PAUSE_SECONDS, controls_kept
from .outcome import Outcome, summary

RECORD = "/vace/record"
BACK_SECONDS = 30.0
GONE_SECONDS = 10.0
"""In which what the killed front had made must be gone."""


def supervise(times: int, seed: int) -> dict[str, Any]:
    """SIGKILL to the front at random moments, while presets are saved and a recording runs."""
    outcome, chance = Outcome(), random.Random(seed)
    with open_stage(options=("--supervise",)) as stage:
        stage.sender.send(RECORD, 1)
        for number in range(times):
            time.sleep(chance.uniform(*PAUSE_SECONDS))
            stage.sender.send("/vace/preset/save", str(number))
            _kill_front(stage, outcome, f"front {number + 1}")
    outcome.end(stage)
    return summary("supervise", times, seed, outcome)


def _kill_front(stage: Stage, outcome: Outcome, name: str) -> None:
    front, rings, watch = stage.show.front(), stage.show.rings(), stage.watch
    if front == stage.show.process:
        outcome.lost.append(f"{name}: nobody supervises it")
        return
    before = dict(watch.seen.values)
    family = [front, *front.children(recursive=True)]
    moment = time.monotonic()
    front.kill()
    back = wait_until(lambda: next((life for life in watch.seen.lives if life > moment), None), BACK_SECONDS)
    outcome.took("back", None if back is None else back - moment, f"{name}: no frame came again")
    watch.mark()
    fresh = wait_until(lambda: next((when for when, _ in watch.seen.fresh), None), FRESH_SECONDS)
    outcome.took("fresh", None if fresh is None else fresh - moment, f"{name}: no restyled frame")
    watch.seen.values = {}
    watch.renew()  # the front that has begun knows of no subscriber, and tells all values anew
    controls_kept(stage, before, outcome, name, but=RECORD)  # it is for whoever began it to begin it again
    outcome.lost += [f"{name}: left {line}" for line in _left(stage, family, rings)]


def _left(stage: Stage, family: list[psutil.Process], rings: set[Path]) -> list[str]:
    """Processes, shared memory and files of the front that was killed."""

    def left() -> list[str]:
        still = [f"process {process.pid}" for process in family if runs(process)]
        old = rings - stage.show.rings()
        unfinished = [path for path in stage.show.folder.rglob("*") if "unfinished" in path.name]
        return still + [f"shared memory {path.name}" for path in old if path.exists()] + list(map(str, unfinished))

    wait_until(lambda: not left(), GONE_SECONDS)
    return left()
