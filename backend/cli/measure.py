"""`bench` and `soak`: what this machine can do, and what the program withstands."""

from __future__ import annotations

import argparse
import json
import sys

from .options import DONE, FAILED, add_device_option, add_pipeline_option, check_positive, height_and_width


def add_bench(parser: argparse.ArgumentParser) -> None:
    """The options of `bench`."""
    parser.set_defaults(command=bench)
    add_pipeline_option(parser)
    parser.add_argument("--random-weights", action="store_true", help="at full size without the checkpoint")
    parser.add_argument("--size", metavar="HxW", help="pixels, multiples of 16 (default: the pipeline's)")
    add_device_option(parser)
    parser.add_argument("--quick", action="store_true", help="the same measures, smaller, in about a minute and a half")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the rows")


def add_soak(parser: argparse.ArgumentParser) -> None:
    """The options of `soak`."""
    parser.set_defaults(command=soak)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--chaos", action="store_true", help="kill the engine and send rubbish by OSC, too")
    parser.add_argument("--seed", type=int, default=0, help="the same seed has the same whims")
    add_pipeline_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the figures")


def bench(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Rows as they are measured, or one JSON object at the end."""
    size = None if options.size is None else height_and_width(options.size, parser)
    from ..engine.load import chosen_device
    from ..measure.bench.run import BenchOptions, machine, measure

    device = chosen_device(options.device)
    rows = []
    for row in measure(BenchOptions(options.pipeline, options.random_weights, size, device, options.quick)):
        rows.append(row)
        print(", ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)
    if options.json:
        print(json.dumps({"machine": machine(), "rows": rows}))
    return DONE


def soak(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Exit code 1 if anything was lost."""
    from ..measure.soak.soak import soak as run_soak

    check_positive(options, parser, "minutes")
    figures = run_soak(options.minutes, options.chaos, options.seed, options.pipeline)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name}: {value}" for name, value in figures.items() if name != "lost"))
        print("\n".join(f"lost: {line}" for line in figures["lost"]) or "nothing was lost")
    return FAILED if figures["lost"] else DONE
