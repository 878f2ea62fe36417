"""PyTorch: its build, whether it reaches the GPU, which attention and graphs run, and what eight bits there are."""

from __future__ import annotations

import os
import re
import sys

from .finding import REDISTRIBUTABLE, Finding, fault, install, note, ok, set_up
from .nvidia import Nvidia
from .torch_facts import TorchFacts

VISIBLE = "CUDA_VISIBLE_DEVICES"
BUILD = re.compile(r"(sm|compute)_(\d+)")
BFLOAT16 = (8, 0)
"""Ampere, and what came after, multiplies bfloat16 fast."""
LATER = "It can't be looked at before the faults above are mended."


def build(torch: TorchFacts, nvidia: Nvidia, platform: str = sys.platform) -> Finding:
    """Check that PyTorch can be imported, and is the build that this machine needs."""
    name = "PyTorch"
    if not torch.version:
        return fault(name, f"It cannot be imported: {torch.error or 'it says nothing'}.", _import_fix(torch, platform))
    if nvidia.gpus and torch.cuda is None:
        return fault(
            name,
            f"PyTorch {torch.version} is a build without CUDA, so the {nvidia.gpus[0].name} stands idle.",
            f"Run: {set_up('cuda', platform)}",
        )
    return ok(name, f"PyTorch {torch.version} is built {f'for CUDA {torch.cuda}' if torch.cuda else 'without CUDA'}.")


def _import_fix(torch: TorchFacts, platform: str) -> str:
    if "WinError 1455" in torch.error:
        return "Let Windows manage the size of the paging file (System, Advanced, Performance), and restart."
    if platform == "win32" and re.search(r"WinError|DLL|0xc0000", torch.error):
        return f"Install the Visual C++ redistributable from {REDISTRIBUTABLE} and restart; then run: {set_up()}"
    if "signal 4" in torch.error:
        return "PyTorch needs a processor with AVX2; use another machine."
    again = 'delete the folder ".venv" and run: '
    return f"Close other programs if memory is short; else {again}{set_up()}"


def cuda(torch: TorchFacts, nvidia: Nvidia, visible: str | None) -> Finding:
    """Check that PyTorch reaches the GPU. visible: CUDA_VISIBLE_DEVICES, None where it is not set."""
    name = "CUDA"
    if torch.mps:
        return ok(name, "It does not apply; PyTorch uses this Mac's own GPU.")
    if not torch.version or (nvidia.gpus and torch.cuda is None):
        return note(name, LATER)
    if torch.available:
        return _works(name, torch)
    if torch.error and torch.cuda:
        return fault(name, f"It failed when {torch.stage}: {torch.error}.", "Restart; then update the driver.")
    if not nvidia.gpus:
        return note(name, "No NVIDIA GPU is in reach, so the bundled model runs on the processor.")
    if visible not in (None, "0"):
        return fault(name, f"{VISIBLE}={visible} hides the GPU.", f"Take {VISIBLE} out of the environment.")
    return fault(
        name,
        f"The driver lists {nvidia.gpus[0].name}, but PyTorch {torch.version} does not reach it.",
        f"Update the driver if it is a fault above, and restart; else run: {set_up('cuda')}",
    )


def _works(name: str, torch: TorchFacts) -> Finding:
    if torch.error and not torch.product:
        return fault(
            name,
            f"{torch.devices[0] if torch.devices else 'The GPU'} failed when {torch.stage}: {torch.error}.",
            f"See the check of its capability; else restart, update the driver, and run: {set_up('cuda')}",
        )
    return ok(name, f"PyTorch computes on {torch.devices[0]}.")


def capability(torch: TorchFacts) -> Finding:
    """Check that PyTorch was built for this generation of GPUs."""
    name = "Capability"
    if not torch.capability:
        return ok(name, "There is no NVIDIA GPU in use whose compute capability would matter.")
    own = (torch.capability[0], torch.capability[1])
    words = f"{torch.devices[0]} has compute capability {own[0]}.{own[1]}"
    built = [(kind, int(digits[:-1]), int(digits[-1])) for kind, digits in BUILD.findall(" ".join(torch.builds))]
    if built and not any(_runs(kind, (major, minor), own) for kind, major, minor in built):
        if own > max((major, minor) for _, major, minor in built):
            fix = "Get a newer version of this program, which brings a newer PyTorch."
        else:
            fix = f"Use a newer GPU, or the processor: {set_up('cpu')}"
        return fault(name, f"{words}, which PyTorch {torch.version} was not built for.", fix)
    if own < BFLOAT16:
        return note(name, f"{words}; before 8.0 a GPU is slow at the bfloat16 that pipelines run in.")
    return ok(name, f"{words}, which this PyTorch was built for.")


def _runs(kind: str, built: tuple[int, int], own: tuple[int, int]) -> bool:
    """Return whether code for one capability runs on a GPU of another: machine code within a generation, or PTX."""
    return built <= own and (kind == "compute" or built[0] == own[0])


def attention(torch: TorchFacts, platform: str = sys.platform) -> Finding:
    """Tell which attention kernels the engine will use, what became of the others, and what a faster one lacks."""
    name = "Attention"
    if torch.available and not torch.product:
        return note(name, LATER)
    if torch.stage.startswith(name.lower()) and torch.error:
        tried = re.match(r"attention: (\w+) is tried", torch.stage)
        return fault(
            name,
            f"PyTorch does not come through the trial of {tried[1] if tried else name.lower()}: {torch.error}.",
            "Take its package out, or start with --attention sdpa.",
        )
    if not torch.attention:
        return note(name, f"It was not tried ({'; '.join(torch.trials) or 'no NVIDIA GPU is in use'}).")
    if not torch.available:
        return ok(name, f"{torch.attention} runs, as no NVIDIA GPU is in use; its numbers are right here.")
    found = f"{torch.attention} runs; {'; '.join(torch.trials)}."
    if torch.triton:
        return ok(name, found)
    package = "triton-windows" if platform == "win32" else "triton"
    return note(name, found, f"SageAttention, which may be faster, needs Triton: {install(package)}")


def graphs(torch: TorchFacts) -> Finding:
    """Tell whether network calls are recorded as CUDA graphs here, and if not, why."""
    name, fix = "Graphs", "Update the driver, or start with --graphs off, which costs speed alone."
    if not torch.available:
        return ok(name, "They are off, as only NVIDIA GPUs have them; network calls run as they are written.")
    if torch.stage.startswith("a CUDA graph") and torch.error:
        return fault(name, f"PyTorch does not come through recording one: {torch.error}.", fix)
    if torch.graphs_trouble is None:
        return note(name, LATER)
    if torch.graphs_trouble:
        return fault(name, f"They are not right here: {torch.graphs_trouble}.", fix)
    return ok(name, "They are on: a network call that two chunks have made is recorded as a CUDA graph, and replayed.")


def precision(torch: TorchFacts) -> Finding:
    """Tell what the bundled model multiplies in on the processor."""
    name = "Precision"
    if not torch.version:
        return note(name, LATER)
    if torch.bfloat16:
        return ok(
            name, "On the processor, which has bfloat16, the bundled model multiplies in it; --precision chooses."
        )
    return ok(name, "On the processor the bundled model runs in float32: either it or PyTorch has no bfloat16.")


def eight_bits(torch: TorchFacts) -> Finding:
    """Tell whether --quantise fp8 works here; int8 does everywhere."""
    name = "Eight bits"
    if not torch.available:
        return ok(name, "--quantise int8 works here; fp8 needs an NVIDIA GPU of compute capability 8.9 or more.")
    if torch.stage.startswith("a product in fp8") and torch.error:
        return note(name, f"--quantise int8 works here; fp8 does not ({torch.error}).")
    if torch.error:
        return note(name, LATER)
    if torch.fp8_trouble:
        return ok(name, f"--quantise int8 works here; fp8 does not, as {torch.fp8_trouble}.")
    if torch.fp8_slower:
        return ok(
            name, f"--quantise int8 works here, and saves as much memory; fp8 is slower than bfloat16: {torch.fp8}."
        )
    return ok(name, f"--quantise int8 and --quantise fp8 work here{f': {torch.fp8}' if torch.fp8 else ''}.")


def check_cuda(torch: TorchFacts, nvidia: Nvidia) -> Finding:
    """Check CUDA in the environment that this runs in."""
    return cuda(torch, nvidia, os.environ.get(VISIBLE))
