"""The program under a host that behaves badly, for minutes or hours: `python start.py soak`.

A stand-in for the host changes rate and size, pauses, stutters, restarts and skips as its seed says, and something
else reads the output as a host would. With chaos the engine is killed now and then and OSC is fed rubbish, too.
"""

from __future__ import annotations

import json
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from pythonosc.udp_client import SimpleUDPClient

from backend.front.jitter_buffer import MEMORY_SECONDS
from backend.runtime import priority
from bridge.errors import BridgeError
from bridge.video.shared_memory import SharedMemorySource

from .fake_host import SIZES, FakeHost

START_SECONDS = 120.0
CALM_SECONDS = (3.0, 15.0)
PROMPTS = ("gold on sand at sunset", "ice in fog", "lava at night", "moss in the rain")
POLL_SECONDS = 0.002
SAMPLE_SECONDS = 1.0
GAP_SECONDS = 0.2
"""A longer silence on the output would be seen as a stop, at any rate that a host may have."""
MISSED_PART = 0.001
"""Ticks that may be missed, of all: the machine may be asked for something else, too."""
GROWTH_MB = 15.0
"""By which the front may have grown at the end, from when it was warm."""


@dataclass
class Seen:
    """What came out."""

    frames: int = 0
    longest_gap: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    kills: int = 0
    rubbish: int = 0


def soak(minutes: float, chaos: bool, seed: int, pipeline: str) -> dict[str, Any]:
    """Run it, and say what was lost: `lost` has one line for each thing that should not have been."""
    source, sink = (f"vacesoak{secrets.token_hex(4)}" for _ in range(2))
    port = _free_port()
    fake_host = FakeHost(source, 60.0, SIZES[0], seed)
    with (
        tempfile.TemporaryDirectory(prefix="vace-soak-") as folder,
        fake_host,
        subprocess.Popen(
            [sys.executable, "-m", "backend", *run_arguments(source, sink, port, minutes, pipeline, Path(folder))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        try:
            seen = _watch(sink, psutil.Process(program.pid), port, 60 * minutes, chaos, random.Random(seed))
            out, err = program.communicate(timeout=START_SECONDS)
        finally:
            program.kill()
    if program.returncode:
        raise RuntimeError(f"backend run ended with {program.returncode}: {err.strip().splitlines()[-1:]}")
    figures = json.loads(out)
    half = len(seen.memory_mb) // 2
    growth = seen.memory_mb[-1] - seen.memory_mb[half] if seen.memory_mb else 0.0
    return {
        "minutes": minutes,
        "seed": seed,
        "whims": dict(fake_host.whims),
        "kills": seen.kills,
        "rubbish": seen.rubbish,
        "frames": seen.frames,
        "longest_gap_ms": round(1000 * seen.longest_gap, 1),
        "front_mb": round(max(seen.memory_mb, default=0.0), 1),
        "growth_mb": round(growth, 1),
        **{name: figures[name] for name in FIGURES},
        "lost": losses(figures, seen, growth),
    }


def run_arguments(source: str, sink: str, port: int, minutes: float, pipeline: str, folder: Path) -> list[str]:
    """How the program is started: whatever it keeps goes into `folder`, and it meets no show that runs beside it."""
    arguments = ["run", "--pipeline", pipeline, "--source", f"shm:{source}", "--sink", f"shm:{sink}", "--json"]
    arguments += ["--osc", f"127.0.0.1:{port}", "--oscquery", "off", "--panel", "off"]
    arguments += ["--presets", str(folder / "presets.json"), "--log", str(folder / "soak.log")]
    arguments += ["--recordings", str(folder / "recordings")]
    return [*arguments, "--seconds", str(60 * minutes + MEMORY_SECONDS)]


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


def losses(figures: dict[str, Any], seen: Seen, growth: float) -> list[str]:
    """What should not have been, in a line each."""
    lost = []
    if figures["ticks_missed"] > MISSED_PART * figures["ticks"]:
        lost.append(f"{figures['ticks_missed']} of {figures['ticks']} ticks were missed")
    if seen.longest_gap > GAP_SECONDS:
        lost.append(f"the output stood still for {1000 * seen.longest_gap:.0f} ms")
    if growth > GROWTH_MB:
        lost.append(f"the front grew by {growth:.1f} MB")
    if figures["restarts"] != seen.kills:
        lost.append(f"the engine was restarted {figures['restarts']} times, killed {seen.kills} times")
    if not figures["chunks"]:
        lost.append("no picture was restyled")
    return lost


def _watch(sink: str, front: psutil.Process, port: int, seconds: float, chaos: bool, chance: random.Random) -> Seen:
    """Read the output until the end; samples of the front's size; with chaos, break things."""
    priority.raise_this_thread()  # so that a gap is the program's and not ours
    seen, osc = Seen(), SimpleUDPClient("127.0.0.1", port)
    with _opened(sink) as output, osc:
        began = last = sampled = time.monotonic()
        calm = began + 2 * CALM_SECONDS[1]
        while (now := time.monotonic()) - began < seconds:
            if output.read(POLL_SECONDS) is not None:
                now = time.monotonic()
                seen.frames += 1
                seen.longest_gap, last = max(seen.longest_gap, now - last), now
            if now - sampled > SAMPLE_SECONDS:
                sampled = now
                seen.memory_mb.append(front.memory_info().rss / 2**20)
                osc.send_message("/vace/prompt", PROMPTS[int(now - began) // 20 % len(PROMPTS)])
            if chaos and now > calm:
                _break_something(front, port, seen, chance)
                calm = now + chance.uniform(*CALM_SECONDS)
    return seen


def _break_something(front: psutil.Process, port: int, seen: Seen, chance: random.Random) -> None:
    if chance.random() < 0.5:
        engines = [child for child in front.children() if "spawn_main" in " ".join(child.cmdline())]
        for engine in engines:
            engine.kill()
        seen.kills += len(engines)
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(1000):
            sender.sendto(chance.randbytes(chance.randrange(1, 200)), ("127.0.0.1", port))
    seen.rubbish += 1000


def _opened(sink: str) -> SharedMemorySource:
    """The output, once it is there."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return SharedMemorySource(sink, 0, 0, 0)
        except BridgeError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
