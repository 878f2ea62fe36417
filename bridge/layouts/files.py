"""The generated surfaces as files."""

from __future__ import annotations

import json
from pathlib import Path

from ..control.parameters import ControlTable
from . import open_stage_control, touchosc
from .osc_map import osc_map

TOUCHOSC, TOUCHOSC_PHONE = "vace-live.tosc", "vace-live-phone.tosc"
OPEN_STAGE_CONTROL = "vace-live.open-stage-control.json"
OSC_MAP = "vace-live.osc.csv"


def write_layouts(table: ControlTable, directory: Path, target: tuple[str, int]) -> list[Path]:
    """Write every surface into a directory, which is made if need be; returns the paths of the files.

    target: (host, port) that OSC is sent to, where the file says so.
    """
    directory.mkdir(parents=True, exist_ok=True)
    session = directory / OPEN_STAGE_CONTROL
    touch = {directory / TOUCHOSC: touchosc.layout(table), directory / TOUCHOSC_PHONE: touchosc.phone_layout(table)}
    for path, document in touch.items():
        document.save(path, validate=True)
    text = json.dumps(open_stage_control.session(table, target), indent=1, ensure_ascii=False)
    session.write_text(text + "\n", encoding="utf-8", newline="\n")
    listed = directory / OSC_MAP
    listed.write_text(osc_map(table), encoding="utf-8", newline="\n")
    return [*touch, session, listed]
