"""`controls` and `layouts`: what is made from the table of controls, to read and to steer with."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..controls.docs import markdown
from ..controls.table import TABLE
from .options import DONE, OSC, host_and_port


def add_controls(parser: argparse.ArgumentParser) -> None:
    """The options of `controls`."""
    parser.set_defaults(command=controls)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--markdown", action="store_true", help="as it stands in the docs")


def add_layouts(parser: argparse.ArgumentParser) -> None:
    """The options of `layouts`."""
    parser.set_defaults(command=layouts)
    parser.add_argument("directory", metavar="DIR", help="where to write them; made if it is not there")
    parser.add_argument(
        "--osc", default=OSC, metavar="HOST:PORT", help=f"where Open Stage Control sends to (default {OSC})"
    )


def controls(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """The table, for a program, for the docs, or for a person."""
    if options.json:
        print(json.dumps({"controls": [row.describe() for row in TABLE]}))
    elif options.markdown:
        print(markdown())
    else:
        for row in TABLE:
            print(f"{row.address:22} {row.type:8} {row.doc}")
    return DONE


def layouts(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Write the surfaces, and say which files they are."""
    from bridge.layouts.files import write_layouts

    target = host_and_port(options.osc, parser, "--osc")
    if target is None:
        parser.error(f"layouts --osc takes HOST:PORT, got {options.osc!r}; for example --osc {OSC}")
    for path in write_layouts(TABLE, Path(options.directory), target):
        print(path)
    return DONE
