"""Rows of the engine alone: a chunk by our stream and by the plain path, in turns, in each of the paper's modes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import torch
from torch import Tensor

from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Stream

from .plain import PlainStream

PICTURES_AGREE = 1e-3
"""The two paths must show the same pictures, to rounding, or their times cannot be compared."""
MODES = ("baseline (no VACE)", "depth control", "inpainting", "extension, every chunk")


def chunk_rows(model: Model, height: int, width: int, chunks: int) -> Iterator[dict[str, Any]]:
    """One row for each mode; columns as the paper's Tables 5 and 6, beside the plain path's time."""
    baseline = None
    for mode in MODES:
        row = _mode_row(model, height, width, chunks, mode)
        baseline = baseline or row["ours_ms"]
        row["vace_overhead"] = round(row["ours_ms"] / baseline - 1, 3)
        yield row


def _mode_row(model: Model, height: int, width: int, chunks: int, mode: str) -> dict[str, Any]:
    ours, plain = Stream(model, height, width), PlainStream(model, height, width)
    warm = model.pipeline.window // model.pipeline.chunk + 2  # the window is full and has rolled once
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    error = 0.0
    for n in range(warm + chunks):
        frames = ours.frames_wanted
        controls = chunk_controls(mode, frames, height, width, n, model.device)
        made: dict[str, Tensor] = {}

        def run_ours(controls: Controls = controls, made: dict[str, Tensor] = made) -> None:
            chunk = ours.step(controls)
            assert chunk is not None
            made["ours"] = chunk.frames
            ours.settle()

        def run_plain(controls: Controls = controls, made: dict[str, Tensor] = made) -> None:
            made["plain"] = plain.step(controls)

        paths: list[tuple[str, Callable[[], None]]] = [("ours", run_ours), ("plain", run_plain)]
        for name, path in paths if n % 2 else reversed(paths):
            elapsed = timed(path, model.device)
            if n >= warm:
                times[name].append(elapsed)
        error = max(error, (made["ours"] - made["plain"]).abs().max().item())
    if error > PICTURES_AGREE and model.dtype == torch.float32:
        raise ValueError(f"{mode}: the two paths differ by {error:.1e}, so their times cannot be compared")
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "name": f"chunk, {mode}",
        "plain_ms": round(1000 * medians["plain"], 1),
        "ours_ms": round(1000 * medians["ours"], 1),
        "ratio": round(medians["plain"] / medians["ours"], 3),
        "ours_p90_ms": round(1000 * sorted(times["ours"])[int(0.9 * (chunks - 1))], 1),
        "frames": frames,
        "fps": round(frames / medians["ours"], 1),
        "peak_fps": round(frames / min(times["ours"]), 1),
        "max_difference": error,
        "vram_gb": _vram_gb(model.device),
    }


def length_row(model: Model, height: int, width: int, chunks: int) -> dict[str, Any]:
    """Whether a chunk costs the same, and the process stays as large, however long the stream is."""
    stream = Stream(model, height, width)
    times, process = [], psutil.Process()
    size = 0
    for n in range(chunks):
        controls = chunk_controls("depth control", stream.frames_wanted, height, width, n, model.device)
        times.append(timed(lambda controls=controls: (stream.step(controls), stream.settle()), model.device))
        if n == 10:
            size = process.memory_info().rss
    tenth = max((chunks - 10) // 10, 1)
    early, late = statistics.median(times[10 : 10 + tenth]), statistics.median(times[-tenth:])
    return {
        "name": f"chunk 10 to {chunks}",
        "early_ms": round(1000 * early, 1),
        "late_ms": round(1000 * late, 1),
        "ratio": round(early / late, 3),
        "growth_mb": round((process.memory_info().rss - size) / 2**20, 1),
    }


def chunk_controls(mode: str, frames: int, height: int, width: int, n: int, device: torch.device) -> Controls:
    """Synthetic controls, the same for both paths, another for each chunk."""
    generator = torch.Generator().manual_seed(n)

    def video(channels: int) -> Tensor:
        small = torch.rand((1, channels, frames, height // 16, width // 16), generator=generator)
        return torch.nn.functional.interpolate(small, (frames, height, width)).to(device) * 2 - 1

    prompt = "gold on a mossy ground at sunset"
    match mode:
        case "depth control":
            return Controls(prompt, control=video(3))
        case "inpainting":
            return Controls(prompt, source=video(3), mask=(video(1) > 0).float())
        case "extension, every chunk":
            return Controls(prompt, first=video(3)[0, :, 0])
        case _:
            return Controls(prompt)


def timed(run: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def _vram_gb(device: torch.device) -> float | None:
    return round(torch.cuda.max_memory_allocated(device) / 2**30, 2) if device.type == "cuda" else None
