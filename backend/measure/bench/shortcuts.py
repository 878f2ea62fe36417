"""Rows of what can be left out at a price: references short of batch VACE's way, hints that serve for several steps.

Each chunk is made both ways from the same state, so that the difference is of one chunk and does not add up.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from vace_core.conditioning import Reference
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from .engine import timed

WARM = 3


def shortcut_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """plain_ms: the whole way. difference: of the chunk's latents, by their size; 1 is that of another control."""
    pictures = [Reference(_picture(height, width, seed, model.device)) for seed in range(2)]
    control = Controls("gold on sand at sunset")
    for count in (1, 2):
        shown = replace(control, references=tuple(pictures[:count]), reference_mode="joint")
        for mode in ("slot", "paper"):
            name = f"{count} reference{'s' * (count > 1)}, {mode} in place of joint"
            yield _row(model, height, width, chunks, name, shown, replace(shown, reference_mode=mode))
    for every in (2, len(model.pipeline.steps)):
        name = f"hints made in every {every}. step in place of each"
        yield _row(model, height, width, chunks, name, control, replace(control, hint_every=every))
    for name, curve in (
        ("context scale down to 0 over the layers", {"layer_scale": (1.0, 0.0)}),
        ("context scale down to 0 over the steps", {"step_scale": (1.0, 0.0)}),
    ):
        yield _row(model, height, width, chunks, name, control, replace(control, **curve))


def _row(
    model: Model, height: int, width: int, chunks: int, name: str, whole: Controls, short: Controls
) -> dict[str, Any]:
    streams = {"plain": Stream(model, height, width), "ours": Stream(model, height, width)}
    other = Stream(model, height, width)
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    shares = []
    for n in range(WARM + chunks):
        control = _video(streams["plain"].frames_wanted, height, width, n, model.device)
        made: dict[str, Tensor] = {}
        for key, asked in (("plain", whole), ("ours", short))[:: 1 if n % 2 else -1]:
            elapsed = timed(partial(streams[key].step, replace(asked, control=control)), model.device)
            made[key] = _latents(streams[key])
            if n >= WARM:
                times[key].append(elapsed)
        other.step(replace(whole, control=_video(control.shape[2], height, width, -1 - n, model.device)))
        shares.append(((made["ours"] - made["plain"]).norm() / (_latents(other) - made["plain"]).norm()).item())
        state = streams["plain"].snapshot()
        for stream in (streams["ours"], other):
            stream.restore(state)
    plain, ours = (1000 * statistics.median(times[key]) for key in ("plain", "ours"))
    return {
        "name": name,
        "plain_ms": round(plain, 1),
        "ours_ms": round(ours, 1),
        "ratio": round(plain / ours, 3),
        "difference": round(statistics.median(shares[WARM:]), 4),
    }


def _latents(stream: Stream) -> Tensor:
    assert stream.state.unsettled is not None
    return stream.state.unsettled


def _video(frames: int, height: int, width: int, seed: int, device: torch.device) -> Tensor:
    generator = torch.Generator().manual_seed(seed % 2**32)
    coarse = torch.rand((1, 3, frames, height // 16, width // 16), generator=generator)
    return torch.nn.functional.interpolate(coarse, (frames, height, width)).to(device) * 2 - 1


def _picture(height: int, width: int, seed: int, device: torch.device) -> Tensor:
    return _video(1, height, width, 1000 + seed, device)[0, :, 0]
