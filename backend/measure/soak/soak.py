"""The program under a host that behaves badly, for minutes or hours: `python start.py soak`.

A stand-in for the host changes rate and size, pauses, stutters, restarts and skips as its seed says, and something
else reads the output as a host would, and judges the restyled frames. With chaos, everything hostile is done to the
show besides (`chaos.py`).
"""

from __future__ import annotations

import random
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .attacks import poison
from .attacks.hostile_files import make_hostile_files
from .chaos import Chaos
from .show import RUN, Ended
from .stage import Stage, open_stage
from .trials.hostile import all_attacks
from .trials.outcome import MOST_MB
from .watch import SAMPLE_SECONDS

PROMPTS = ("gold on sand at sunset", "ice in fog", "lava at night", "moss in the rain")
PROMPT_SECONDS = 20.0
MISSED_PART = 0.001
"""Ticks that may be missed, of all: the machine may be asked for something else, too."""
GROWTH_MB = 15.0
"""By which the front may have grown in the second half, when it is warm."""
FIGURES = (
    "ticks",
    "ticks_missed",
    "tick_error_p99_ms",
    "clock_changes",
    "source_losses",
    "source_size_changes",
    "chunks",
    "restarts",
    "faults",
)


def soak(minutes: float, chaos: bool, seed: int, pipeline: str, run: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Run it, and say what was lost: `lost` has one line for each thing that should not have been.

    run: how the program is started; None for the program as it is, with chaos the one whose model can be poisoned.
    """
    done: Counter[str] = Counter()
    lost: list[str] = []
    with tempfile.TemporaryDirectory(prefix="vacesoak") as folder:
        environment = {poison.FOLDER: folder}
        run = run or (poison.RUN if chaos else RUN)
        with open_stage(("--pipeline", pipeline), run, environment, seed) as stage:
            began = time.monotonic()
            if chaos:
                _break(stage, Path(folder), seed, began + 60 * minutes, done, lost)
            else:
                _steer(stage, began + 60 * minutes)
            losses = [str(loss) for loss in stage.watch.losses()]
            alive = stage.show.alive
        ended = stage.show.end()
    if not alive:
        lost.append(f"the program ended by itself, with {ended.returncode}")
    seen, figures = stage.watch.seen, _figures(ended, lost)
    slope = slope_per_minute(seen.memory_mb)
    return {
        "minutes": minutes,
        "seed": seed,
        "whims": dict(stage.host.whims),
        "done": dict(done),
        "frames": seen.frames,
        "restyled": stage.watch.restyled,
        "longest_gap_ms": round(1000 * seen.longest_gap, 1),
        "front_mb": round(max(seen.memory_mb, default=0.0), 1),
        "growth_mb_per_minute": round(slope, 2),
        **{name: figures[name] for name in FIGURES if name in figures},
        "lost": [*lost, *losses, *end_losses(figures, ended, chaos), *growth_losses(seen.memory_mb, slope)],
    }


def _figures(ended: Ended, lost: list[str]) -> dict[str, Any]:
    """What the program printed at its end; a line in `lost` if that was nothing."""
    try:
        return ended.parsed()
    except RuntimeError as reason:
        lost.append(str(reason))
        return {}


def end_losses(figures: Mapping[str, Any], ended: Ended, chaos: bool) -> list[str]:
    """What the program's own figures, and how it ended, say was lost. With chaos the engine is expected to restart."""
    lost = [f"left behind: {line}" for line in ended.left_behind]
    if not ended.obeyed:
        lost.append("the program did not end when it was told to")
    if figures and figures["ticks_missed"] > MISSED_PART * figures["ticks"]:
        lost.append(f"{figures['ticks_missed']} of {figures['ticks']} ticks were missed")
    if figures and figures["restarts"] and not chaos:
        lost.append(f"the engine was restarted {figures['restarts']} times by itself")
    return lost


def slope_per_minute(memory_mb: Sequence[float]) -> float:
    """MB a minute by which the second half of the samples rises, by least squares; 0.0 for too few of them."""
    warm = memory_mb[len(memory_mb) // 2 :]
    if len(warm) < 3:
        return 0.0
    return float(np.polyfit(np.arange(len(warm)) * SAMPLE_SECONDS / 60, warm, 1)[0])


def growth_losses(memory_mb: Sequence[float], slope: float) -> list[str]:
    """Whether the front grew in the second half, and what it took at most."""
    minutes = len(memory_mb) / 2 * SAMPLE_SECONDS / 60
    lost = []
    if slope * minutes > GROWTH_MB:
        lost.append(f"the front grew by {slope:.2f} MB a minute")
    if max(memory_mb, default=0.0) > MOST_MB:
        lost.append(f"the front took {max(memory_mb):.0f} MB, more than {MOST_MB:.0f}")
    return lost


def _steer(stage: Stage, end: float) -> None:
    """Another prompt now and then, as somebody who plays it."""
    while stage.show.alive and (left := end - time.monotonic()) > 0:
        stage.sender.send("/vace/prompt", PROMPTS[int(left / PROMPT_SECONDS) % len(PROMPTS)])
        time.sleep(min(left, PROMPT_SECONDS))


def _break(stage: Stage, folder: Path, seed: int, end: float, done: Counter[str], lost: list[str]) -> None:
    """Chaos until then, with a random order of its own from the seed."""
    with socket.create_server(("127.0.0.1", 0)) as server:  # so that the playlist's address leads somewhere
        files = make_hostile_files(folder, server.getsockname()[1])
        chaos = Chaos(stage, list(all_attacks(files)), folder, random.Random(seed), done, lost)
        chaos.until(end)
