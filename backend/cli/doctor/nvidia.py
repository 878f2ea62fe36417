"""The NVIDIA driver, as its own tool tells of it."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from .finding import Finding, fault, gigabytes, joined, note, ok
from .torch_facts import TorchFacts

QUERY = ("--query-gpu=name,driver_version,memory.total,memory.used", "--format=csv,noheader,nounits")
SECONDS = 15.0
OLDEST_DRIVER = {"11": 450, "12": 525, "13": 580}
"""By the major version of CUDA that PyTorch was built for; newer drivers run older CUDA."""
START_CUDA = "13.0"
"""What start.py would install."""
MIB = 1 << 20
CROWDED = 0.4
"""So much of the GPU's memory taken by others is worth a note."""
SMALL = 8e9
"""Below this, published pipelines need eight-bit weights: docs/reference/pipelines.md has their sizes."""
WHERE = "https://www.nvidia.com/drivers"


@dataclass(frozen=True)
class Gpu:
    """A row of nvidia-smi; memory in bytes, 0 where the driver does not tell."""

    name: str
    driver: str
    memory: int
    used: int


@dataclass(frozen=True)
class Nvidia:
    """What nvidia-smi said: there: whether it is installed; error: what it said instead of listing GPUs."""

    there: bool = False
    gpus: Sequence[Gpu] = ()
    error: str = ""


@functools.cache
def nvidia() -> Nvidia:
    """Ask nvidia-smi, once."""
    tool = shutil.which("nvidia-smi")
    return Nvidia() if tool is None else asked([tool, *QUERY])


def asked(command: Sequence[str]) -> Nvidia:
    """Run a command that prints a row for each GPU, and read it."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as reason:
        return Nvidia(True, error=str(reason))
    if ran.returncode != 0:
        return Nvidia(True, error=" ".join((ran.stdout + ran.stderr).split()) or f"exit code {ran.returncode}")
    rows = [[cell.strip() for cell in line.rsplit(",", 3)] for line in ran.stdout.splitlines()]
    gpus = [Gpu(row[0], row[1], _bytes(row[2]), _bytes(row[3])) for row in rows if len(row) == 4]
    return Nvidia(True, gpus, "" if gpus else "it lists no GPU")


def _bytes(mebibytes: str) -> int:
    return int(mebibytes) * MIB if mebibytes.isdecimal() else 0


def driver(nvidia: Nvidia, torch: TorchFacts, platform: str = sys.platform) -> Finding:
    """Check that the driver is there, answers, and is new enough for the CUDA of PyTorch."""
    name = "NVIDIA driver"
    if platform == "darwin":
        return ok(name, "It does not apply on a Mac.")
    how = f"from {WHERE}" if platform == "win32" else "with the system's package manager"
    if not nvidia.there:
        return note(
            name,
            "There is none (no nvidia-smi), so the bundled model runs on the processor.",
            f"If there is an NVIDIA card in this machine, install its driver {how}, and restart.",
        )
    if nvidia.error:
        return fault(
            name,
            f"nvidia-smi does not work: {nvidia.error.rstrip('.')}.",
            f"Restart the machine; if that does not help, install the driver again {how}.",
        )
    cuda = torch.cuda or START_CUDA
    oldest, version = OLDEST_DRIVER.get(cuda.partition(".")[0], 0), nvidia.gpus[0].driver
    if _major(version) < oldest:
        return fault(
            name,
            f"Driver {version} is too old for CUDA {cuda}, which needs {oldest} or newer.",
            f"Install driver {oldest} or newer {how}, and restart.",
        )
    cards = joined([f"{gpu.name} ({gigabytes(gpu.memory)})" if gpu.memory else gpu.name for gpu in nvidia.gpus])
    return ok(name, f"Driver {version} is new enough for CUDA {cuda}; it lists {cards}.")


def _major(version: str) -> int:
    head = version.partition(".")[0]
    return int(head) if head.isdecimal() else 0


def graphics_memory(nvidia: Nvidia) -> Finding:
    """Check whether the first GPU has room, and whether others have taken it."""
    name = "GPU memory"
    gpu = next((gpu for gpu in nvidia.gpus if gpu.memory), None)
    if gpu is None:
        return ok(name, "There is none to look at.")
    words = f"{gigabytes(gpu.used)} of {gigabytes(gpu.memory)} are taken by other programs"
    if gpu.used > CROWDED * gpu.memory:
        return note(name, f"{words}.", "Close what need not run beside the show, or start with --quantise int8.")
    if gpu.memory < SMALL:
        return note(
            name,
            f"{words}; that is enough for the bundled model, and little for a published pipeline.",
            "Start published pipelines with --quantise int8 and a smaller --width and --height.",
        )
    return ok(name, f"{words}.")


def several(nvidia: Nvidia, platform: str = sys.platform) -> Finding:
    """Tell of what goes wrong where frames go between two GPUs."""
    if len(nvidia.gpus) < 2:
        return ok("GPUs", f"There is {'one' if nvidia.gpus else 'no'} NVIDIA GPU.")
    both = (
        "TouchDesigner and this program must be on the same one for Spout" if platform == "win32" else "the first runs"
    )
    return note(
        "GPUs",
        f"There are {len(nvidia.gpus)} NVIDIA GPUs; {both}.",
        "Choose one with --device cuda:1 (numbers begin at 0), and the same for the other program in Windows' graphics "
        "settings."
        if platform == "win32"
        else "Choose another with --device cuda:1 (numbers begin at 0).",
    )
