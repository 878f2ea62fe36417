"""Rows of the same chunk by compiled blocks and a compiled autoencoder, and as they are written."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import Tensor

from vace_core.compilation import Compiler, why_not
from vace_core.model import Model
from vace_core.stream import Stream
from vace_core.warm_up import warm_up, with_compiler

from .controls import controls_of
from .engine import frames_of
from .sameness import difference, judged
from .timing import median_row, turn, warm_chunks

MODE = "depth control"
NAME = f"chunk, {MODE}, compiled"


def compiled_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """One row, as `--compile on`; it says why it was left out where this machine has nothing that compiles."""
    trouble = why_not(model.device)
    yield _left_out(trouble) if trouble else compiled_row(model, height, width, chunks, Compiler(model.device))


def compiled_row(model: Model, height: int, width: int, chunks: int, compiler: Compiler) -> dict[str, Any]:
    """Both from their first chunk on, then in turns. plain_ms: as it is written. compile_s: seconds of compiling, few
    where it was done before and lies on the disk."""
    ours, plain = Stream(_compiled(model, compiler), height, width), Stream(model, height, width)
    began = time.perf_counter()
    warm_up(ours, lambda _: None)
    compile_s = time.perf_counter() - began
    turns, worst = list[dict[str, float]](), 0.0
    for n in range(warm_chunks(model.pipeline) + chunks):
        controls, made = controls_of(MODE, plain, n), dict[str, Tensor]()
        paths = {
            "ours": lambda c=controls, made=made: made.update(ours=frames_of(ours, c)),
            "plain": lambda c=controls, made=made: made.update(plain=frames_of(plain, c)),
        }
        turns.append(turn(paths, n, model.device))
        worst = max(worst, difference(made["ours"], made["plain"]))
    if compiler.trouble:
        return _left_out(compiler.trouble)
    measured = median_row(turns[-chunks:]) | {"compile_s": round(compile_s, 1)}
    return {"name": NAME} | measured | judged(worst, model.precision)


def _compiled(model: Model, compiler: Compiler) -> Model:
    """A copy, as regions are given to a compiler in place."""
    parts = {"transformer": copy.deepcopy(model.transformer), "autoencoder": copy.deepcopy(model.autoencoder)}
    return with_compiler(replace(model, **parts), compiler)


def _left_out(trouble: str) -> dict[str, Any]:
    return {"name": NAME, "left_out": trouble}
