"""A session for Open Stage Control (v1), which runs in any browser: the page to play from, then a tab a page.

Field names are those of its properties reference for 1.30; what is left out there has its default. No control is set
when a session is opened: a default only says what is shown before the first value comes.
"""

from __future__ import annotations

from ...control.parameters import Control, ControlTable
from ..pages import pages, title
from ..show_page import tablet
from .scripts import SUBSCRIBE
from .show import show_widgets
from .widgets import Json, id_of, widgets

VERSION = "1.30.1"
"""Of the program that the session says it was made with; an older one would be converted on opening."""
LINE = 64
"""Pixels of a line's height."""
LABEL = 260
"""Pixels of a label's width."""


def session(table: ControlTable, target: tuple[str, int]) -> Json:
    """The session, to be written as JSON. target: (host, port) that OSC is sent to."""
    to = f"{target[0]}:{target[1]}"
    tabs = [{"type": "tab", "id": "tab play", "label": "play", "widgets": show_widgets(table, tablet(table), to)}]
    tabs += [_tab(name, [_line(row, to) for row in rows]) for name, rows in pages(table).items()]
    root = {"type": "root", "id": "root", "onCreate": SUBSCRIBE % to, "tabs": tabs}
    return {"createdWith": "Open Stage Control", "version": VERSION, "type": "session", "content": root}


def _tab(name: str, lines: list[Json]) -> Json:
    return {
        "type": "tab",
        "id": f"tab {name}",
        "label": name,
        "layout": "vertical",
        "contain": False,  # lines keep their height, and the tab scrolls
        "widgets": lines,
    }


def _line(row: Control, target: str) -> Json:
    """A label, and to its right what the control is set with."""
    label = {"type": "text", "id": f"{id_of(row)} label", "width": LABEL, "align": "left", "value": title(row)}
    return {
        "type": "panel",
        "id": f"{id_of(row)} line",
        "layout": "horizontal",
        "height": LINE,
        "scroll": False,
        "widgets": [label, *widgets(row, target)],
    }
