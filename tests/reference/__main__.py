"""Run every golden pair in a folder that is known here, by file name, and print one line a case.

A pair is NAME.safetensors (inputs, weights, outputs) and NAME.json (what they mean). Exit code 0 when every case is
within its tolerance, 1 otherwise; a file of a known name that cannot be run is an error too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

KNOWN = (
    "wan_batch",
    "vace_batch",
    "vace_encode",
    "taehv",
    "wan_vae_stream",
    "umt5",
    "longlive_causal",
    "scope_vace_longlive",
    "reward_forcing",
    "streamdiffusionv2",
    "memflow",
    "krea_realtime",
    "schedules",
    "stream_end_to_end",
)


@dataclass(frozen=True)
class Line:
    """The outcome of one case; `error` is the largest absolute difference, or None where the case could not run."""

    file: str
    case: str
    error: float | None
    tolerance: float | None
    reason: str = ""

    @property
    def passed(self) -> bool:
        return self.error is not None and self.tolerance is not None and self.error <= self.tolerance

    def __str__(self) -> str:
        verdict = "ok  " if self.passed else "FAIL"
        figures = self.reason if self.error is None else f"{self.error:.2e} of {self.tolerance:.0e}"
        return f"{verdict} {self.file}: {self.case}: {figures}"


def run(folder: Path, name: str) -> Iterator[Line]:
    """Every case of one pair, as the module of its name in this package yields them."""
    cases = importlib.import_module(f"{__package__}.{name}").cases
    try:
        tensors = load_file(folder / f"{name}.safetensors")
        info = json.loads((folder / f"{name}.json").read_text())
        for case, ours, expected, tolerance in cases(tensors, info):
            if ours.shape != expected.shape:
                yield Line(name, case, None, None, f"shape {tuple(ours.shape)}, expected {tuple(expected.shape)}")
                continue
            yield Line(name, case, (ours.double() - expected.double()).abs().max().item(), tolerance)
    except Exception as reason:  # noqa: BLE001  whatever stops a case is its result
        traceback.print_exc(file=sys.stderr)
        yield Line(name, "could not run", None, None, f"{type(reason).__name__}: {reason}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the golden pairs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", choices=KNOWN, action="append", help="run this pair alone (repeatable)")
    arguments = parser.parse_args()
    present = [name for name in arguments.only or KNOWN if (arguments.folder / f"{name}.safetensors").exists()]
    if not present:
        parser.error(f"no golden pair known here is in {arguments.folder}; known are {', '.join(KNOWN)}")
    lines = []
    with torch.no_grad():
        for name in present:
            for line in run(arguments.folder, name):
                lines.append(line)
                if not arguments.json:
                    print(line, flush=True)
    passed = sum(line.passed for line in lines)
    if arguments.json:
        print(json.dumps({"passed": passed, "cases": [asdict(line) | {"passed": line.passed} for line in lines]}))
    else:
        print(f"{passed} of {len(lines)} cases within tolerance")
    return 0 if passed == len(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
