"""The generated surfaces as files."""

from __future__ import annotations

import json
from pathlib import Path

from ..control.parameters import ControlTable
from . import open_stage_control, touchosc

TOUCHOSC = "vace-live.tosc"
OPEN_STAGE_CONTROL = "vace-live.open-stage-control.json"


def write_layouts(table: ControlTable, directory: Path, target: tuple[str, int]) -> list[Path]:
    """Write every surface into a directory, which is made if need be; returns the paths of the files.

    target: (host, port) that OSC is sent to, where the file says so.
    """
    directory.mkdir(parents=True, exist_ok=True)
    layout, session = directory / TOUCHOSC, directory / OPEN_STAGE_CONTROL
    touchosc.layout(table).save(layout, validate=True)
    text = json.dumps(open_stage_control.session(table, target), indent=1, ensure_ascii=False)
    session.write_text(text + "\n", encoding="utf-8", newline="\n")
    return [layout, session]
