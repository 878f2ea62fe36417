"""The real program with a model that can be poisoned.

It is started by `python -m backend.measure.soak.attacks.poisoned_program run ...`.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from backend.cli import run
from backend.cli.main import main

LOAD = "backend.measure.soak.attacks.poison:load"


def run_with(load: str, arguments: list[str]) -> int:
    """The command line, whose `run` has its model from `load`; returns the exit code."""
    options_of = run.run_options
    run.run_options = lambda options, parser: replace(options_of(options, parser), load=load)
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run_with(LOAD, sys.argv[1:]))
