"""PyTorch as the engine will find it, learnt without importing it here: a broken one can take its process with it."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from .finding import ROOT

SECONDS = 45.0
"""The longest that PyTorch and its first kernels are waited for; as a rule it is a tenth of that."""
PROBE = f"{__package__}.torch_probe"
ERROR = re.compile(r"^[\w.]*(Error|Exception|Interrupt|Exit)\b.*")


@dataclass(frozen=True)
class TorchFacts:
    """What the probe learnt; what it did not reach is as it stands here.

    cuda: the version that PyTorch was built for, None in a build without it. builds: as torch.cuda.get_arch_list().
    bfloat16: whether the processor multiplies it. graphs_trouble: what is wrong with CUDA graphs, "" for nothing.
    attention: the kernels that it would run on, and `trials` what became of each. error: why the probe ended early, ""
    if it did not, and `stage` what it was doing then.
    """

    version: str = ""
    cuda: str | None = None
    available: bool = False
    mps: bool = False
    devices: Sequence[str] = ()
    capability: Sequence[int] = ()
    builds: Sequence[str] = ()
    product: float = 0.0
    flash: bool = False
    bfloat16: bool = False
    triton: bool = False
    attention: str = ""
    trials: Sequence[str] = ()
    graphs_trouble: str | None = None
    fp8_trouble: str | None = None
    fp8: str = ""
    fp8_slower: bool = False
    stage: str = ""
    error: str = ""


@functools.cache
def torch_facts() -> TorchFacts:
    """Run the probe, once; nothing is raised for what happens to it."""
    return probed([sys.executable, "-m", PROBE], SECONDS)


def probed(command: Sequence[str], seconds: float) -> TorchFacts:
    """Run a command that prints facts, a JSON object a line, and put together what it said until it ended."""
    try:
        ran = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=seconds
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode("utf-8", "replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        return _facts(said, f"There was no answer within {seconds:g} seconds")
    return _facts(ran.stdout, "" if ran.returncode == 0 else _last_words(ran.stderr, ran.returncode))


def _facts(said: str, error: str) -> TorchFacts:
    known = {field.name for field in fields(TorchFacts)}
    facts: dict[str, Any] = {}
    for line in said.splitlines():
        try:
            read = json.loads(line)
        except ValueError:  # a library has something to say, too
            continue
        facts |= read if isinstance(read, dict) else {}
    return TorchFacts(**{name: value for name, value in facts.items() if name in known}, error=error)


def _last_words(stderr: str, code: int) -> str:
    """Return the message of the exception that ended a program, or what its exit code says."""
    errors = [line for line in stderr.splitlines() if ERROR.match(line)]
    if errors:
        return errors[-1].rstrip(".")
    return (
        f"The process was killed by signal {-code}"
        if code < 0
        else f"The process ended with code {code & 0xFFFFFFFF:#x}"
    )
