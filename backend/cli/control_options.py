"""An option for each control: the value that it begins with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from bridge.control.parameters import Control, ControlError

from ..controls.declaration import field_of
from ..controls.table import TABLE

RUN_ROWS = [row for row in TABLE if not row.own_option]
RENDER_ROWS = [row for row in RUN_ROWS if row.of_chunk and not row.live_only]


def add_control_options(parser: argparse.ArgumentParser, rows: Iterable[Control]) -> None:
    """One option for every control that holds a value: /vace/mask/source is --mask-source (and --mask)."""
    group = parser.add_argument_group("first values of the controls")
    for row in rows:
        names = ["--" + field_of(row.address).replace("_", "-")]
        if row.address == "/vace/mask/source":
            names.append("--mask")
        if not row.holds:
            continue
        doc = row.doc.replace("%", "%%")
        if row.type == "bool":
            group.add_argument(*names, action=argparse.BooleanOptionalAction, default=None, help=doc)
        elif row.type == "strings":
            group.add_argument(*names, action="append", help=f"{doc} May be given several times.")
        else:
            group.add_argument(*names, metavar=row.type.upper(), help=doc)


def control_values(
    options: argparse.Namespace, parser: argparse.ArgumentParser, rows: Iterable[Control]
) -> dict[str, object]:
    """The controls' values as given, by address; a usage error for what a control can't take, a line for a clamp."""
    values: dict[str, object] = {}
    for row in rows:
        given = getattr(options, field_of(row.address), None)
        if given is None or not row.holds:
            continue
        try:
            accepted = row.accept(given)
        except ControlError as error:
            parser.error(str(error))
        if accepted.report:
            print(f"vace: {accepted.report}", file=sys.stderr)
        values[row.address] = accepted.value
    return values
