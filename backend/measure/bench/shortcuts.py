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
from torch.nn.functional import interpolate

from vace_core.conditioning import Reference
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.state import StreamState
from vace_core.stream import Stream

from .controls import controls_of
from .timing import median_row, turn, warm_state, warm_stream


def shortcut_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """plain_ms: the whole way. difference_share: of a chunk's latents, by their size; 1 is that of another control."""
    begin = warm_state(model, height, width)
    pictures = [Reference(_picture(height, width, seed, model.device)) for seed in range(2)]
    control = Controls("gold on sand at sunset")

    def row(name: str, whole: Controls, **short: Any) -> dict[str, Any]:
        ways = {"plain": whole, "ours": replace(whole, **short)}
        return {"name": name} | _compared(model, height, width, chunks, ways, begin)

    for count in (1, 2):
        shown = replace(control, references=tuple(pictures[:count]), reference_mode="joint")
        for mode in ("slot", "paper"):
            name = f"{count} reference{'s' * (count > 1)}, {mode} in place of joint"
            yield row(name, shown, reference_mode=mode)
    for every in (2, len(model.pipeline.steps)):
        yield row(f"hints made in every {every}. step in place of each", control, hint_every=every)
    yield row("context scale down to 0 over the layers", control, layer_scale=(1.0, 0.0))
    yield row("context scale down to 0 over the steps", control, step_scale=(1.0, 0.0))


def _compared(
    model: Model, height: int, width: int, chunks: int, ways: dict[str, Controls], begin: StreamState
) -> dict[str, Any]:
    """Both ways, and the whole one with another control, from where the whole one stands; the first chunk warms up."""
    streams = {name: warm_stream(model, height, width, begin) for name in (*ways, "other")}
    turns, shares = [], []
    for n in range(1 + chunks):
        control = controls_of("depth control", streams["plain"], n).control
        paths = {name: partial(streams[name].step, replace(way, control=control)) for name, way in ways.items()}
        turns.append(turn(paths, n, model.device))
        made = {name: _latents(streams[name]) for name in ways}
        if n:
            another = controls_of("depth control", streams["other"], -n).control
            streams["other"].step(replace(ways["plain"], control=another))
            share = (made["ours"] - made["plain"]).norm() / (_latents(streams["other"]) - made["plain"]).norm()
            shares.append(share.item())
        state = streams["plain"].snapshot()
        for stream in (streams["ours"], streams["other"]):
            stream.restore(state)
    return median_row(turns[1:]) | {"difference_share": round(statistics.median(shares), 4)}


def _latents(stream: Stream) -> Tensor:
    assert stream.state.unsettled is not None
    return stream.state.unsettled


def _picture(height: int, width: int, seed: int, device: torch.device) -> Tensor:
    """[3, H, W] in [-1, 1]."""
    coarse = torch.rand((1, 3, height // 16, width // 16), generator=torch.Generator().manual_seed(1000 + seed))
    return interpolate(coarse, (height, width))[0].to(device) * 2 - 1
