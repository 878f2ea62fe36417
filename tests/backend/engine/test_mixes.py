"""All pairs of modes, in one show of each pipeline's rules, switched live: it goes on, and nothing grows.

Through the chunk pipeline, with a small random model that takes two steps. Every pair is on alone for some chunks in a
row, and then within mixes of five until each has been on for long enough. Meanwhile every way of control, of showing
references and of finding a mask has its turn, and the canvas moves all the time. Masks are found outside of the stream,
so under one pipeline's rules every mask source is on for as long as every pair, and under the others at least once. The
short form goes through all of them; the long one, of fifty chunks each, is for CI.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, cycle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from backend.controls.mask_source import NAMED
from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.options import ModelOptions
from tests.backend import fake_model
from tests.backend.engine.masks.finders import RedSegmenter
from tests.backend.marker import settings
from tests.vace_core.small import PIPELINE, ROWS, model
from vace_core.annotators.boxes import Box
from vace_core.config import Pipeline
from vace_core.stream import Stream

HEIGHT, WIDTH = 32, 32
MODES = ("control", "inpainting", "outpainting", "first", "last", "one reference", "two references", "video to video")
EXCLUSIVE = {"one reference", "two references"}
MASK_FRAMES = "shm:mask"
SOURCES = (*(name for name in NAMED if name != "none"), "object:dog", MASK_FRAMES)
CONTROLS = ("depth", "scribble", "raw", "second")
MEASURED = ("control", "inpainting", "two references")
"""On before each measurement, so that sizes compare."""
PICTURES = [np.random.default_rng(n).integers(0, 255, (HEIGHT, WIDTH, 4), np.uint8) for n in range(12)]


def mixes(modes: tuple[str, ...], alone: int, in_all: int) -> Iterator[tuple[str, ...]]:
    """One a chunk: each pair `alone` for so many chunks in a row, and on for `in_all`."""
    pairs = [pair for pair in combinations(modes, 2) if set(pair) != EXCLUSIVE]
    fives = [five for five in combinations(modes, 5) if not set(five) >= EXCLUSIVE]
    left = Counter(dict.fromkeys(pairs, in_all - alone))
    for pair in pairs:
        yield from [pair] * alone
    while max(left.values()) > 0:
        five = max(fives, key=lambda mix: sum(max(left[pair], 0) for pair in combinations(mix, 2)))
        left.subtract(dict.fromkeys(combinations(five, 2), alone))
        yield from [five] * alone


class Desk:
    """Turns mixes into settings; what can be done in several ways is done in all of them, by turns."""

    def __init__(self, folder: Path, modes: tuple[str, ...]) -> None:
        self._stills = [str(folder / f"{n}.png") for n in range(2)]
        for n, path in enumerate(self._stills):
            cv2.imwrite(path, PICTURES[n][..., :3])
        self._modes = modes
        self.used: Counter[str] = Counter()
        self._chunk = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """From the first way of each, so that what follows is what followed before."""
        self._masks, self._controls, self._ways = cycle(SOURCES), cycle(CONTROLS), cycle(self._modes)

    def settings(self, mix: tuple[str, ...]) -> Settings:
        self._chunk += 1
        first, second = self._stills
        values: dict[str, object] = {"prompt": ("gold", "ice")[self._chunk // 15 % 2]}
        if "control" in mix:
            control = self._use(next(self._controls))
            values |= {"control": "raw", "control_source": "x"} if control == "second" else {"control": control}
        if "inpainting" in mix:
            values |= {"mask_source": self._use(next(self._masks)), "mask_invert": self._chunk % 3 == 0}
        if "outpainting" in mix:
            values |= {"canvas_x": self._chunk % 7 / 10 - 0.3, "canvas_w": 0.7, "canvas_h": 0.5 + self._chunk % 5 / 10}
        if "first" in mix:
            anchor = self._use(("first", "output", "input")[self._chunk % 3])
            values |= {"first": first, "anchor_every": 1, "anchor_from": anchor}
        if "last" in mix:
            values["last"] = self._stills[self._chunk % 2]  # another one each time, so that it acts each time
        if "one reference" in mix:
            values["reference"] = (second,)
        if "two references" in mix:
            values |= {"reference": (first, second), "reference_strength": (self._chunk % 4 / 2, 1.0)}
        if EXCLUSIVE & set(mix):
            values["reference_mode"] = self._use(next(self._ways))
        if "video to video" in mix:
            values["noise"] = (0.3, 0.8)[self._chunk % 2]
        return settings(**values)

    def _use(self, way: str) -> str:
        self.used[way] += 1
        return way

    def still_to_use(self, in_all: int) -> bool:
        """Whether some mask source has not been on for long enough."""
        return min(self.used[source] for source in SOURCES) < in_all


class OneDog:
    """Finds a dog in every frame, in the same place."""

    names = ("dog",)

    def detect(self, frames: torch.Tensor) -> list[list[Box]]:
        return [[Box(4.0, 4.0, 20.0, 20.0, "dog")]] * frames.shape[2]

    def reset(self) -> None:
        """It remembers nothing."""


class Show:
    """A stream of some rules with everything around it."""

    def __init__(self, rules: Pipeline, folder: Path) -> None:
        self.stream = Stream(model(rules, steps=(1000, 500)), HEIGHT, WIDTH)
        loaded = replace(
            fake_model.load(ModelOptions()),
            open_stream=lambda height, width: self.stream,
            segmenters={"person": RedSegmenter, "subject": RedSegmenter},
            detector=OneDog,
        )
        self.maker = ChunkPipeline(loaded, HEIGHT, WIDTH)
        self.desk = Desk(folder, self.stream.reference_modes)
        self.on: Counter[tuple[str, ...]] = Counter()
        self.chunks = 0

    def play(self, mix: tuple[str, ...]) -> None:
        """One chunk, which must be whole and no first one again."""
        pictures = PICTURES[: self.maker.frames_wanted]
        made = self.maker.make(pictures, pictures, self.desk.settings(mix), control_frames=pictures)
        assert made.faults == ()
        assert made.frames.shape == (len(pictures), HEIGHT, WIDTH, 3)
        self.chunks += 1
        assert self.stream.state.chunks == self.chunks, "no reset"
        self.on.update(combinations(mix, 2))

    def size(self) -> tuple[int, int]:
        """Bytes of the memory, and of all tensors there are, after the same three chunks as every time."""
        self.desk.begin_anew()
        for _ in range(3):
            self.play(MEASURED)
        self.maker.settle()
        gc.collect()
        everything = sum(
            tensor.nbytes for tensor in gc.get_objects() if type(tensor) is torch.Tensor and not tensor.is_sparse
        )
        return self.stream.state.memory.nbytes(), everything


RULES = {**ROWS, "pocket": PIPELINE}
LONG_MASKS = "longlive"
"""Under whose rules every mask source is on for as long as every pair."""


@pytest.mark.parametrize(
    ("alone", "in_all"), [(1, 4), pytest.param(5, 50, marks=pytest.mark.slow)], ids=["short", "long"]
)
@pytest.mark.parametrize("name", RULES)
def test_all_pairs_of_modes_go_on_and_nothing_grows(name: str, alone: int, in_all: int, tmp_path: Path) -> None:
    rules = RULES[name]
    modes = MODES if rules.chunk > 1 else tuple(mode for mode in MODES if mode != "last")
    show = Show(rules, tmp_path)
    for mix in mixes(modes, alone, in_all):
        show.play(mix)
    while show.desk.still_to_use(in_all if name == LONG_MASKS else 1):
        show.play(("control", "inpainting"))
    memory, everything = show.size()
    for mix in mixes(modes, alone=1, in_all=2):
        show.play(mix)
    assert show.size()[0] == memory
    assert show.size()[1] - everything < 4096
    layers = show.stream.state.memory.layers
    assert all(bool(tensor.isfinite().all()) for layer in layers for tensor in layer.tensors())
    assert min(show.on[pair] for pair in combinations(modes, 2) if set(pair) != EXCLUSIVE) >= in_all
