"""The command line: `python start.py COMMAND`. Exit codes: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from bridge.errors import BridgeError

from ..runtime.plugins import register_video
from .doctor.command import add_doctor
from .evaluate import add_evaluate
from .measure import add_bench, add_soak
from .models import add_models
from .options import FAILED
from .render import add_render
from .run import add_run
from .suggestions import SuggestingParser
from .tables import add_controls, add_layouts

COMMANDS = {
    "run": (add_run, "the live program"),
    "render": (add_render, "the same, from file to file, offline"),
    "bench": (add_bench, "measure this machine, side by side with a plain path"),
    "evaluate": (add_evaluate, "whether outputs follow what they are asked for, in figures"),
    "soak": (add_soak, "a badly behaved host, for minutes or hours, and what it broke"),
    "controls": (add_controls, "the table of controls"),
    "layouts": (add_layouts, "surfaces for TouchOSC and Open Stage Control"),
    "doctor": (add_doctor, "what is wrong with this machine, and what mends it"),
    "models": (add_models, "published weights: list, download, verify"),
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. argparse itself exits with 2 for what it can't read."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    verbose = getattr(options, "verbose", False)
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format="%(message)s", stream=sys.stderr)
    register_video()
    try:
        return options.command(options, parser)
    except (BridgeError, ValueError, OSError) as error:
        print(f"vace: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("vace: stopped; what was written is whole up to here", file=sys.stderr)
        return FAILED


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options; each sets `command`, the function that runs it."""
    parser = SuggestingParser(prog="python start.py", description="VACE Live")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (add_options, doc) in COMMANDS.items():
        add_options(commands.add_parser(name, help=doc))
    return parser
