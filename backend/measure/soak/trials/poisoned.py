"""A chunk goes wrong within the engine: out of memory, or NaN in what the stream remembers."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Any

from ..attacks import poison
from ..stage import open_stage
from ..watch import wait_until
from .engine import KNOWN_SECONDS, recover
from .outcome import Outcome, summary

PAUSE_SECONDS = (10.0, 14.0)
"""From the last fresh frame to the next attack: the same fault is not told again before ten seconds have passed."""
MOST_CHUNKS = 3
"""That run out of memory one after the other."""
TAKEN_SECONDS = 60.0


def memory(times: int, seed: int) -> dict[str, Any]:
    """Out of memory in one to three chunks in a row."""
    return _poisoned(poison.MEMORY, times, seed, MOST_CHUNKS)


def nan(times: int, seed: int) -> dict[str, Any]:
    """NaN in the stream's memory, once each time."""
    return _poisoned(poison.NAN, times, seed, 1)


def _poisoned(kind: str, times: int, seed: int, most_chunks: int) -> dict[str, Any]:
    outcome, chance = Outcome(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="vacesoak") as folder:
        with open_stage(run=poison.RUN, environment={poison.FOLDER: folder}) as stage:
            for number in range(times):
                time.sleep(chance.uniform(*PAUSE_SECONDS))
                name, before = f"{kind} {number + 1}", dict(stage.watch.seen.values)
                file = poison.poison(Path(folder), kind, chance.randint(1, most_chunks))
                moment = stage.watch.mark()
                if not wait_until(lambda file=file: not file.exists(), TAKEN_SECONDS):
                    outcome.lost.append(f"{name}: no chunk was made")
                    continue
                outcome.took("known", stage.watch.known_after(moment, KNOWN_SECONDS), f"{name}: nobody was told")
                recover(stage, moment, before, outcome, name)
        outcome.end(stage)
    outcome.lost += map(str, stage.watch.losses())
    return summary(kind, times, seed, outcome)
