"""The table of controls, which OSC, the page, the command line and the docs read.

To add a control, add a field to `Settings`; one that holds no setting of a picture is a row of `show.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.control.parameters import Control, ControlTable

from .declaration import field_of, rows_of
from .settings import Settings
from .show import AFTER


def _rows() -> Iterator[Control]:
    for row in rows_of(Settings):
        yield row
        yield from AFTER.get(field_of(row.address), ())


TABLE = ControlTable(_rows())
