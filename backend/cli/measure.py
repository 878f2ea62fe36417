"""`bench` and `soak`: what this machine can do, and what the program withstands."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..measure.soak.trials.table import TRIALS, run_trial
from .options import (
    DONE,
    FAILED,
    add_device_option,
    add_devices_option,
    add_pipeline_option,
    check_positive,
    height_and_width,
    several_devices,
)


def add_bench(parser: argparse.ArgumentParser) -> None:
    """The options of `bench`."""
    parser.set_defaults(command=bench)
    add_pipeline_option(parser)
    parser.add_argument("--random-weights", action="store_true", help="at full size without the checkpoint")
    parser.add_argument("--size", metavar="HxW", help="pixels, multiples of 16 (default: the pipeline's)")
    add_device_option(parser)
    add_devices_option(parser)
    parser.add_argument("--quick", action="store_true", help="the same measures, smaller, in about a minute")
    parser.add_argument(
        "--matrix",
        action="store_true",
        help="LongLive and Krea Realtime at full size with random weights, in each mode, by each attention kernel that "
        "is right here: for a machine with a GPU and nothing else",
    )
    parser.add_argument("--compare", type=Path, metavar="FILE", help="beside what --json wrote earlier")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the rows")


def add_soak(parser: argparse.ArgumentParser) -> None:
    """The options of `soak`."""
    parser.set_defaults(command=soak)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--chaos", action="store_true", help="do everything hostile to the show, too, at random")
    parser.add_argument(
        "--trial",
        choices=sorted(TRIALS),
        help="in place of that, one kind of attack again and again: "
        + "; ".join(f"{name}: {trial.doc}" for name, trial in TRIALS.items()),
    )
    parser.add_argument("--times", type=int, help="how often a trial attacks (default: as docs/reliability.md has it)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed does the same things, in the same order")
    add_pipeline_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")


def bench(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Rows as they are measured, or one JSON object at the end; exit code 1 if paths that are compared did not show the
    same pictures."""
    size = None if options.size is None else height_and_width(options.size, parser)
    if options.matrix and (options.random_weights or options.pipeline != parser.get_default("pipeline")):
        parser.error("--matrix has its own pipelines, with random weights; leave out --pipeline and --random-weights")
    if options.matrix and options.devices:
        parser.error("--matrix measures one device; leave out --devices")
    before = None if options.compare is None else _results(options.compare, parser)
    several = several_devices(options, parser)
    from ..engine.load import chosen_device, chosen_devices
    from ..measure.bench.run import BenchOptions, described, machine, measure
    from ..measure.bench.sameness import not_the_same

    device = "" if several else chosen_device(options.device)
    devices = chosen_devices(several)
    chosen = BenchOptions(
        options.pipeline, options.random_weights, size, device, options.quick, options.matrix, devices
    )
    rows = []
    for row in measure(chosen):
        rows.append(row)
        _say_row(row)
    results = {"machine": machine(), "options": described(chosen), "rows": rows}
    if before is not None:
        results["compared"] = _compared(before, results)
    if options.json:
        print(json.dumps(results))
    differing = not_the_same(rows)
    if differing:
        print(f"the pictures are not those of the plain path: {'; '.join(differing)}", file=sys.stderr)
    return FAILED if differing else DONE


def _results(path: Path, parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Read before anything is measured, so that a wrong file costs no time."""
    from ..measure.bench.compare import read_results

    try:
        return read_results(path)
    except ValueError as reason:
        parser.error(str(reason))


def _compared(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    from ..measure.bench.compare import compared, differences

    found = {"differences": differences(before, now), "rows": compared(before, now)}
    for line in found["differences"]:
        print(f"differs: {line}", file=sys.stderr)
    for row in found["rows"]:
        _say_row(row)
    return found


def _say_row(row: dict[str, Any]) -> None:
    print(", ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)


def soak(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Exit code 1 if anything was lost."""
    check_positive(options, parser, "minutes", "times")
    if options.trial is None and options.times is not None:
        parser.error("--times goes with --trial; a soak takes --minutes")
    if options.trial is not None and options.chaos:
        parser.error("--trial is one kind of attack and --chaos is all of them; choose one")
    figures = run_trial(options.trial, options.times, options.seed) if options.trial else _soak(options)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items() if name != "lost"))
        print("\n".join(f"lost: {line}" for line in figures["lost"]) or "nothing was lost")
    return FAILED if figures["lost"] else DONE


def _soak(options: argparse.Namespace) -> dict[str, Any]:
    from ..measure.soak.soak import soak as run_soak

    return run_soak(options.minutes, options.chaos, options.seed, options.pipeline)
