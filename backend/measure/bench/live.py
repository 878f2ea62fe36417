"""Rows of the whole program, run as a user runs it: frame rate, evenness of ticks, memory of the front process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil

TICKS_PER_SECOND = 30
SAMPLE_SECONDS = 1.0
CAPACITY_FPS = 60
"""Asked of the output where the engine's own limit is wanted, so that the clip's rate is none."""


def live_rows(pipeline: str, seconds: float) -> Iterator[dict[str, Any]]:
    """What the engine can do with each control, in half of the time each, then the ticks at 30 Hz beside it."""
    for control in ("depth", "scribble"):
        figures, _, _ = _run(pipeline, CAPACITY_FPS, control, seconds / 2)
        yield _capacity_row(control, figures)
    yield from _tick_rows(TICKS_PER_SECOND, seconds, *_run(pipeline, TICKS_PER_SECOND, "depth", seconds))


def _capacity_row(control: str, figures: dict[str, Any]) -> dict[str, Any]:
    shown = ("engine_fps", "output_fps", "chunk_ms", "latency_ms")
    return {"name": f"run, {control}", **{name: figures[name] for name in shown}}


def _tick_rows(
    fps: int, seconds: float, figures: dict[str, Any], memory: list[float], naive: float
) -> Iterator[dict[str, Any]]:
    yield {
        "name": f"tick error at {fps} Hz, 99th percentile",
        "plain_ms": round(naive, 3),
        "ours_ms": figures["tick_error_p99_ms"],
        "ratio": round(naive / max(figures["tick_error_p99_ms"], 1e-3), 2),
        "ticks": figures["ticks"],
        "ticks_missed": figures["ticks_missed"],
    }
    half = len(memory) // 2
    yield {
        "name": f"front process over {seconds:g} s",
        "front_mb": round(max(memory), 1),
        "growth_mb": round(memory[-1] - memory[half], 1),
    }


def _run(pipeline: str, fps: int, control: str, seconds: float) -> tuple[dict[str, Any], list[float], float]:
    """The program's own figures, samples of its size in MB, and the tick error of a naive loop beside it."""
    command = [sys.executable, "-m", "backend", "run", "--pipeline", pipeline, "--fps", str(fps), "--control", control]
    command += ["--seconds", str(seconds), "--osc", "off", "--panel", "off", "--presets", "off"]
    command += ["--sink", "null:", "--json"]
    errors: list[float] = []
    stop = threading.Event()
    naive = threading.Thread(target=naive_ticks, args=(fps, errors, stop))
    memory = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        naive.start()
        try:
            front = psutil.Process(program.pid)
            while program.poll() is None:
                memory.append(_megabytes(front))
                time.sleep(SAMPLE_SECONDS)
            out, err = program.communicate()
        finally:
            stop.set()
            naive.join()
    if program.returncode:
        raise RuntimeError(f"backend run ended with {program.returncode}: {err.strip().splitlines()[-1:]}")
    errors.sort()
    memory = [size for size in memory if size]
    return json.loads(out), memory, errors[int(0.99 * (len(errors) - 1))] if errors else 0.0


def naive_ticks(fps: int, errors: list[float], stop: threading.Event) -> None:
    """The loop that one writes first: sleep until it is time. Its errors in milliseconds, for `errors`."""
    due = time.monotonic()
    while not stop.is_set():
        due += 1 / fps
        time.sleep(max(due - time.monotonic(), 0.0))
        errors.append(1000 * (time.monotonic() - due))


def _megabytes(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0
