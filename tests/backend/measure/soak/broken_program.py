"""The program, broken on purpose: `python -m tests.backend.measure.soak.broken_program HOW run ...`.

A soak has to say of each of these that the show was lost.
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from backend.front.presenter import Presenter
from backend.measure.soak.attacks import poison
from backend.measure.soak.attacks.poisoned_program import LOAD, run_with

BREAK = "break"
"""The file whose being there stops the presenter."""
AFTER_CHUNKS = 3
"""Chunks until the stream shows one picture for ever."""
LOADS = {
    "presenter": LOAD,
    "reload": "tests.backend.measure.soak.broken_program:load_once",
    "picture": "tests.backend.measure.soak.broken_program:load_constant",
}


def stop_presenter() -> None:
    """Once it is said, nothing is sent any more; the thread lives."""
    tick, broken = Presenter.tick, Path(os.environ[poison.FOLDER]) / BREAK

    def tick_until_broken(self: Presenter, due: float, number: int, period: float) -> None:
        if not broken.exists():
            tick(self, due, number, period)

    Presenter.tick = tick_until_broken


def load_once(options):
    """An engine that has died once does not come again: the next one loads for ever."""
    loaded = Path(os.environ[poison.FOLDER]) / "loaded"
    if loaded.exists():
        time.sleep(3600)
    loaded.touch()
    return poison.load(options)


def load_constant(options):
    """The stream makes chunks as before, and all of them show the same."""
    model = poison.load(options)
    return replace(model, open_stream=lambda height, width: _constant(model.open_stream(height, width)))


def _constant(stream):
    from vace_core.progress import Progress  # brings torch, which the front process must not load

    step, made = stream.step, []

    def constant_step(controls, progress):
        chunk = step(controls, Progress())
        made.append(chunk.frames[:, :, :1].expand_as(chunk.frames))
        if len(made) >= AFTER_CHUNKS:
            chunk = replace(chunk, frames=made[AFTER_CHUNKS - 1])
        progress.decoded(chunk.frames, chunk.latents)
        return chunk

    stream.step = constant_step
    return stream


if __name__ == "__main__":
    if sys.argv[1] == "presenter":
        stop_presenter()
    sys.exit(run_with(LOADS[sys.argv[1]], sys.argv[2:]))
