"""All checks, in the order in which they are told, and what holds for each: one that fails does not stop the others.

What a check needs of other packages it imports itself, so that one that is broken is a finding and not the end.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import disk, extras, nvidia, ports, processor, python, pytorch, spout, weights
from .finding import Finding, fault, set_up
from .nvidia import nvidia as ask_nvidia
from .torch_facts import torch_facts

if TYPE_CHECKING:
    from ...front.options import RunOptions

Check = Callable[[], Finding | list[Finding]]


def examine(checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """Make every check. One that fails itself is a fault, whose finding names the error."""
    findings: list[Finding] = []
    for name, check in checks:
        try:
            found = check()
        except Exception as error:  # noqa: BLE001 - whatever is broken here, the others are still to be looked at
            words = " ".join(f"{type(error).__name__}: {error}".split())
            findings.append(fault(name, f"This check failed itself: {words}.", f"Run: {set_up()}; else report it."))
            continue
        findings += found if isinstance(found, list) else [found]
    return findings


@functools.cache
def defaults() -> RunOptions:
    """Return what `run` takes without options: its ports and folders."""
    from ..run import add_run, run_options

    parser = argparse.ArgumentParser()
    add_run(parser)
    return run_options(parser.parse_args([]), parser)


def free_space(folder: Path) -> int:
    """Return the bytes that are free where a folder lies, or will."""
    from ...models.download import free_space

    return free_space(folder)


def check_ports() -> list[Finding]:
    """Try every port that `run` listens on."""
    return [ports.port(wanted, ports.holder_of) for wanted in ports.wanted_ports(defaults())]


def check_space() -> list[Finding]:
    """Look at the disks of the environment, of weights and of recordings."""
    return [
        disk.space("environment", Path(sys.prefix), "", free_space),
        disk.space("weights", models_folder(), "VACE_MODELS", free_space),
        disk.space("recordings", defaults().recordings.absolute(), "--recordings", free_space),
    ]


def check_folders() -> list[Finding]:
    """Try to write where presets, weights and recordings go."""
    presets = defaults().steering.presets
    return [
        *([disk.writable("presets", presets.parent, "--presets")] if presets else []),
        disk.writable("weights", models_folder(), "VACE_MODELS"),
        disk.writable("recordings", defaults().recordings.absolute(), "--recordings"),
    ]


def models_folder() -> Path:
    """Return the folder that weights are downloaded into."""
    from ...models.folders import model_folders

    return model_folders()[0]


CHECKS: Sequence[tuple[str, Check]] = (
    ("Python", python.check_python),
    ("Packages", python.check_packages),
    ("Processor", processor.check_processor),
    ("Power", processor.check_power),
    ("Memory", processor.check_memory),
    ("NVIDIA driver", lambda: nvidia.driver(ask_nvidia(), torch_facts())),
    ("GPUs", lambda: nvidia.several(ask_nvidia())),
    ("GPU memory", lambda: nvidia.graphics_memory(ask_nvidia())),
    ("PyTorch", lambda: pytorch.build(torch_facts(), ask_nvidia())),
    ("CUDA", lambda: pytorch.check_cuda(torch_facts(), ask_nvidia())),
    ("Capability", lambda: pytorch.capability(torch_facts())),
    ("Attention", lambda: pytorch.attention(torch_facts())),
    ("Graphs", lambda: pytorch.graphs(torch_facts())),
    ("Precision", lambda: pytorch.precision(torch_facts())),
    ("Eight bits", lambda: pytorch.eight_bits(torch_facts())),
    ("Spout", spout.check_spout),
    ("Video files", extras.check_codecs),
    ("Ports", check_ports),
    ("Disks", check_space),
    ("Folders", check_folders),
    ("Weights", lambda: weights.check_weights(free_space)),
    ("MIDI", extras.check_midi),
    ("Extras", extras.check_extras),
)
"""Processor first: PyTorch, when it is asked, keeps a core busy itself."""
