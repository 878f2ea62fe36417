"""Processor, power and memory: what other programs leave of them."""

from __future__ import annotations

import ctypes
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .finding import Finding, fault, gigabytes, joined, note, ok

if TYPE_CHECKING:
    import psutil

WANTED = 2.0
"""Free cores: one for the front, which keeps time, and one for the engine."""
LOOK_SECONDS = 0.5
BUSY = 0.3
"""Cores that a program takes, from which it is named."""
NAMED = 3
LEAST_MEMORY = 1.5e9
"""Bytes that the bundled model and its front take, with some to spare."""
TEXT_ENCODER = 11.4e9
"""Bytes that the text encoder of published pipelines takes; docs/reference/pipelines.md."""
PROFILE = Path("/sys/firmware/acpi/platform_profile")


def processor(cores: int, free: float, busy: Mapping[str, float]) -> Finding:
    """Check that cores are left. busy: how many cores each other program takes."""
    words = f"{free:.1f} of {cores} cores are free"
    if free >= WANTED:
        return ok("Processor", f"{words}.")
    largest = [(program, taken) for program, taken in Counter(busy).most_common(NAMED) if taken >= BUSY]
    takers = joined([f"{program} ({taken:.1f})" for program, taken in largest])
    return note(
        "Processor",
        f"{words}; a show wants {WANTED:.0f}, and its cadence suffers from less.",
        f"Close what need not run; most is taken by {takers}." if takers else "Close what need not run.",
    )


def power(on_battery: bool, saving: bool) -> Finding:
    """Check that nothing slows the machine down to save power."""
    if on_battery:
        return note("Power", "This machine runs on its battery, and is slower so.", "Plug it in.")
    if saving:
        return note("Power", "The machine is set to save power.", "Choose the power mode for best performance.")
    return ok("Power", "It is plugged in, and nothing is set to save power, as far as can be seen.")


def memory(total: int, available: int) -> Finding:
    """Check the computer's own memory."""
    words = f"{gigabytes(available)} of {gigabytes(total)} are free"
    if available < LEAST_MEMORY:
        return fault("Memory", f"{words}; a show needs {gigabytes(LEAST_MEMORY)}.", "Close other programs.")
    if available < TEXT_ENCODER:
        return note(
            "Memory",
            f"{words}; the text encoder of published pipelines takes {gigabytes(TEXT_ENCODER)}.",
            "For those, close other programs, or start with --quantise text=int8, which halves it once loaded.",
        )
    return ok("Memory", f"{words}.")


def check_processor() -> Finding:
    """Look at the processor for half a second."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1
    others = [process for process in psutil.process_iter(["name"]) if process.pid not in (0, os.getpid())]
    for process in others:
        _share(process)
    free = cores * (1 - psutil.cpu_percent(LOOK_SECONDS) / 100)
    busy: dict[str, float] = defaultdict(float)
    for process in others:
        busy[process.info["name"] or "?"] += _share(process)  # pyright: ignore[reportAttributeAccessIssue]
    return processor(cores, free, busy)


def _share(process: psutil.Process) -> float:
    """Return the cores that a process took since it was last asked; 0 where it has gone or may not be seen."""
    import psutil

    try:
        return process.cpu_percent() / 100
    except psutil.Error:
        return 0.0


def check_power() -> Finding:
    """Look at the battery, and at what the system says of saving power."""
    import psutil

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return power(battery is not None and battery.power_plugged is False, _is_saving())


def _is_saving() -> bool:
    if sys.platform == "win32":
        status = (ctypes.c_ubyte * 12)()  # SYSTEM_POWER_STATUS; its fourth byte is 1 while the battery saver is on
        return bool(ctypes.windll.kernel32.GetSystemPowerStatus(status)) and status[3] == 1
    try:
        return PROFILE.read_text(encoding="ascii").strip() == "low-power"
    except (OSError, ValueError):
        return False


def check_memory() -> Finding:
    """Look at the memory."""
    import psutil

    seen = psutil.virtual_memory()
    return memory(seen.total, seen.available)
