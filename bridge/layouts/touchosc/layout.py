"""The documents for TouchOSC: pages with tabs, the page to play from first.

Addresses, ranges and first values are the table's; what a control does is its `tag`, to be read in the editor. Where
it is sent to, and that what is told in return comes in on FEEDBACK_PORT, is set in TouchOSC's connections.
"""

from __future__ import annotations

from collections.abc import Sequence

from py2tosc import Control as Node
from py2tosc import ControlType, Document

from ...control.parameters import Control, ControlTable
from ..pages import pages
from ..show_page import PHONE, TABLET, phone, tablet
from .cells import cell, places
from .nodes import BACKGROUND, INK, SUNKEN, node
from .script import SCRIPT
from .show import show_nodes

TABS = 48
WIDTH, HEIGHT = TABLET[0], TABLET[1] + TABS
"""The canvas of a tablet; TouchOSC fits it to the screen."""
PHONE_TABS = 64
PHONE_WIDTH, PHONE_HEIGHT = PHONE[0], PHONE[1] + PHONE_TABS
COLUMNS, ROWS = 3, 6
"""Cells on a page; what does not fit is on another of the same name."""
GAP = 10
PLAY = "play"
TABS_LOOK = {"tabColorOff": SUNKEN, "tabColorOn": "#3b4450", "textColorOff": INK, "textColorOn": INK}


def layout(table: ControlTable) -> Document:
    """The document for a tablet; `save` writes a .tosc. The same table gives the same XML."""
    sheets = [_sheet(PLAY, show_nodes(table, tablet(table)), TABLET, TABS)]
    for name, rows in pages(table).items():
        for part, cells in enumerate(_sheets_of(rows), 1):
            sheets.append(_sheet(name if part == 1 else f"{name} {part}", cells, TABLET, TABS))
    return _document(sheets, (WIDTH, HEIGHT), TABS)


def phone_layout(table: ControlTable) -> Document:
    """The document for a phone that is held upright: the pages to play from, and no others."""
    sheets = [_sheet(name, show_nodes(table, placed), PHONE, PHONE_TABS) for name, placed in phone(table).items()]
    return _document(sheets, (PHONE_WIDTH, PHONE_HEIGHT), PHONE_TABS)


def _document(sheets: Sequence[Node], size: tuple[int, int], tabs: int) -> Document:
    look = {"color": BACKGROUND, "tabbarSize": tabs, "textSizeOff": 18, "textSizeOn": 18}
    pager = node(ControlType.PAGER, "pages", (0, 0, *size), look, children=sheets)
    look = {"color": BACKGROUND, "script": SCRIPT}
    return Document(node(ControlType.GROUP, "vace-live", (0, 0, *size), look, children=[pager]))


def _sheet(label: str, nodes: Sequence[Node], size: tuple[int, int], tabs: int) -> Node:
    look = {"color": BACKGROUND, "tabLabel": label, **TABS_LOOK}
    return node(ControlType.GROUP, f"page {label}", (0, tabs, *size), look, children=nodes)


def _sheets_of(rows: list[Control]) -> list[list[Node]]:
    """Cells in page-fulls, down one column and then the next; a control with many buttons has several places."""
    width, height = TABLET[0] // COLUMNS, TABLET[1] // ROWS
    found: list[list[Node]] = [[]]
    place = 0
    for row in rows:
        tall = places(row)
        if tall == 0:
            continue
        if place % ROWS + tall > ROWS:  # it would go over the end of a column
            place += ROWS - place % ROWS
        if place >= COLUMNS * ROWS:
            found.append([])
            place = 0
        x, y = place // ROWS * width, place % ROWS * height
        found[-1].append(cell(row, (x + GAP // 2, y + GAP // 2, width - GAP, tall * height - GAP)))
        place += tall
    return found
