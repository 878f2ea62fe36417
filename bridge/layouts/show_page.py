"""The page that a show is played from, laid out by hand: what surfaces begin with.

It is the same for every surface; each draws what stands here with widgets of its own. What a table does not have is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from ..control.parameters import ControlError, ControlTable

Frame = tuple[int, int, int, int]
"""x, y, width, height in pixels of the page."""
Kind = Literal["heading", "shown", "state", "error", "slot", "fader", "switch", "push", "pad", "centre", "radii"]
"""A heading; the text that a control holds; the state of the show; its last error; a button that sends a value, and may
show the text that another control holds; a fader; a button that stays down; one that is let go; a pad whose two axes
are two controls; and two pads that set one control of four numbers, a place and a size in the picture."""

TABLET = (1024, 720)
PHONE = (390, 780)
"""Width and height that the pages are laid out for."""
GAP = 8
HEADING = 22
PROMPT, STATUS, ERROR = "/vace/prompt", "/vace/status", "/vace/error"
GO, SAVE, MASK, ELLIPSE = "/vace/preset/go", "/vace/preset/save", "/vace/mask/source", "/vace/mask/ellipse"
FADERS = ("/vace/scale", "/vace/noise")
PANIC = ("/vace/blackout", "/vace/freeze", "/vace/bypass", "/vace/reset")
MASKS = ("none", "ellipse", "person")
CANVAS = ("/vace/canvas/x", "/vace/canvas/y")
SLOTS = 8


@dataclass(frozen=True)
class Placed:
    """One widget. value: what a slot sends; shows: the address of the text on it; other: that of a pad's upright axis,
    which goes from the top down, as pictures do."""

    kind: Kind
    frame: Frame
    address: str = ""
    text: str = ""
    value: str = ""
    shows: str = ""
    other: str = ""


def tablet(table: ControlTable) -> list[Placed]:
    """The one page of a tablet: everything at once."""
    width = TABLET[0]
    half = (width - 3 * GAP) // 2
    left, right = GAP, 2 * GAP + half
    pads = ((right, 428), (half - 2 * GAP) // 3, 182)
    everything = [
        Placed("shown", (GAP, 8, width - 336, 48), PROMPT),
        Placed("state", (width - 320, 8, 312, 24), STATUS),
        Placed("error", (width - 320, 32, 312, 24), ERROR),
        *_bank((GAP, 60), width - 2 * GAP, columns=4, height=72),
        *_presets((GAP, 240), width - 2 * GAP, columns=8, height=56),
        *_saves((GAP, 326), width - 2 * GAP, columns=8),
        Placed("heading", (left, 406, half, HEADING), text="FOLLOW THE INPUT, AND HOW MUCH IS NEW"),
        *_faders((left, 428), half, height=56),
        *_masks((left, 556), half),
        Placed("heading", (right, 406, pads[1], HEADING), text="WHERE THE INPUT LIES"),
        Placed("heading", (right + pads[1] + GAP, 406, pads[1], HEADING), text="ELLIPSE: PLACE"),
        Placed("heading", (right + 2 * (pads[1] + GAP), 406, pads[1], HEADING), text="ELLIPSE: SIZE"),
        *_pads(*pads),
        *_panic((GAP, 636), width - 2 * GAP, columns=4, height=76),
    ]
    return list(_of(table, everything))


def phone(table: ControlTable) -> dict[str, list[Placed]]:
    """The two pages of a phone, by name: what is played all the time, and what is set now and then."""
    width = PHONE[0]
    inner = width - 2 * GAP
    play = [
        Placed("shown", (GAP, 8, inner, 56), PROMPT),
        Placed("state", (GAP, 66, 150, 24), STATUS),
        Placed("error", (GAP + 150, 66, inner - 150, 24), ERROR),
        *_bank((GAP, 92), inner, columns=2, height=64),
        *_presets((GAP, 408), inner, columns=4, height=48),
        *_faders((GAP, 544), inner, height=48),
        *_panic((GAP, 664), inner, columns=2, height=52),
    ]
    side = (inner - GAP) // 2
    place = [
        *_masks((GAP, 8), inner),
        Placed("heading", (GAP, 88, inner, HEADING), text="WHERE THE INPUT LIES"),
        Placed("heading", (GAP, 364, side, HEADING), text="ELLIPSE: PLACE"),
        Placed("heading", (GAP + side + GAP, 364, side, HEADING), text="ELLIPSE: SIZE"),
        Placed("pad", (GAP, 110, inner, 248), CANVAS[0], other=CANVAS[1]),
        Placed("centre", (GAP, 386, side, 186), ELLIPSE),
        Placed("radii", (GAP + side + GAP, 386, side, 186), ELLIPSE),
        *_saves((GAP, 584), inner, columns=4),
    ]
    return {"play": list(_of(table, play)), "place": list(_of(table, place))}


def _of(table: ControlTable, everything: list[Placed]) -> Iterator[Placed]:
    """Those whose controls there are, and take what is sent to them."""
    for placed in everything:
        wanted = {placed.address, placed.shows, placed.other} - {"", STATUS, ERROR}
        if all(address in table for address in wanted) and _is_taken(table, placed):
            yield placed


def _is_taken(table: ControlTable, placed: Placed) -> bool:
    with suppress(ControlError):
        return not placed.value or table[placed.address].accept(placed.value).report is None
    return False


def _grid(corner: tuple[int, int], width: int, columns: int, height: int, count: int) -> list[Frame]:
    """So many cells, row by row, with gaps between them."""
    cell = (width - (columns - 1) * GAP) // columns
    places = (divmod(place, columns) for place in range(count))
    return [
        (corner[0] + column * (cell + GAP), corner[1] + row * (height + GAP), cell, height) for row, column in places
    ]


def _heading(corner: tuple[int, int], width: int, text: str) -> tuple[Placed, tuple[int, int]]:
    """The heading, and the corner of what stands below it."""
    return Placed("heading", (*corner, width, HEADING), text=text), (corner[0], corner[1] + HEADING)


def _bank(corner: tuple[int, int], width: int, columns: int, height: int) -> Iterator[Placed]:
    heading, below = _heading(corner, width, "LOOKS")
    yield heading
    for slot, frame in enumerate(_grid(below, width, columns, height, SLOTS), 1):
        yield Placed("slot", frame, "/vace/prompt/go", value=str(slot), shows=f"/vace/prompt/bank/{slot}")


def _presets(corner: tuple[int, int], width: int, columns: int, height: int) -> Iterator[Placed]:
    heading, below = _heading(corner, width, "PRESETS")
    yield heading
    for slot, frame in enumerate(_grid(below, width, columns, height, SLOTS), 1):
        yield Placed("slot", frame, GO, text=str(slot), value=str(slot))


def _saves(corner: tuple[int, int], width: int, columns: int) -> Iterator[Placed]:
    heading, below = _heading(corner, width, "SAVE AS PRESET, IN PLACE OF WHAT IS THERE: TAP TWICE")
    yield heading
    for slot, frame in enumerate(_grid(below, width, columns, 46, SLOTS), 1):
        yield Placed("slot", frame, SAVE, text=f"save {slot}", value=str(slot))


def _faders(corner: tuple[int, int], width: int, height: int) -> Iterator[Placed]:
    for address, frame in zip(FADERS, _grid(corner, width, 1, height, len(FADERS)), strict=True):
        yield Placed("fader", frame, address, text=address.rpartition("/")[2])


def _masks(corner: tuple[int, int], width: int) -> Iterator[Placed]:
    heading, below = _heading((corner[0], corner[1] - 2), width - 130, "RESTYLE ONLY")
    yield heading
    yield Placed("shown", (corner[0] + width - 130, corner[1] - 2, 130, HEADING), MASK)
    *sources, last = _grid(below, width, len(MASKS) + 1, 40, len(MASKS) + 1)
    for source, frame in zip(MASKS, sources, strict=True):
        yield Placed("slot", frame, MASK, text="everything" if source == "none" else source, value=source)
    yield Placed("switch", last, "/vace/mask/invert", text="invert")


def _pads(corner: tuple[int, int], width: int, height: int) -> Iterator[Placed]:
    canvas, centre, radii = _grid(corner, 3 * width + 2 * GAP, 3, height, 3)
    yield Placed("pad", canvas, CANVAS[0], other=CANVAS[1])
    yield Placed("centre", centre, ELLIPSE)
    yield Placed("radii", radii, ELLIPSE)


def _panic(corner: tuple[int, int], width: int, columns: int, height: int) -> Iterator[Placed]:
    for address, frame in zip(PANIC, _grid(corner, width, columns, height, len(PANIC)), strict=True):
        name = address.rpartition("/")[2]
        yield Placed("push" if name == "reset" else "switch", frame, address, text=name.upper())
