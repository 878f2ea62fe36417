"""A page of a TouchOSC layout as a picture: what its file says is where, and shows at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image
from py2tosc import Control as Node
from py2tosc import ControlType

from docs.scripts.drawing import INK, Box, Color, Sheet, mixed

ALIGN = {1: "left", 2: "center", 3: "right"}
GROUND = (20, 23, 27)


def draw_page(root: Node, page: int, shown: Mapping[str, str]) -> Image.Image:
    """Page number `page`, from 0, of the one pager. shown: texts of nodes, by name, in place of the first."""
    pager = root.children[0]
    sheet = Sheet(int(root.frame.w), int(root.frame.h), GROUND)
    bar = pager.get("tabbarSize")
    width = root.frame.w / len(pager.children)
    for place, each in enumerate(pager.children):
        color = each.get("tabColorOn" if place == page else "tabColorOff")
        box = (place * width, 0, width - 1, bar - 2)
        sheet.box(box, _color(color))
        sheet.text(box, str(each.get("tabLabel")), pager.get("textSizeOn"))
    _children(sheet, pager.children[page], (0, 0), shown)
    return sheet.picture()


def _children(sheet: Sheet, parent: Node, corner: tuple[float, float], shown: Mapping[str, str]) -> None:
    x, y = corner[0] + parent.frame.x, corner[1] + parent.frame.y
    for child in parent.children:
        if child.control_type is ControlType.GROUP:
            _children(sheet, child, (x, y), shown)
        else:
            frame = child.frame
            _node(sheet, child, (x + frame.x, y + frame.y, frame.w, frame.h), shown)


def _node(sheet: Sheet, node: Node, box: Box, shown: Mapping[str, str]) -> None:
    color, corner = _color(node.get("color")), float(node.get("cornerRadius") or 0)
    match node.control_type:
        case ControlType.BUTTON:
            on = _value(node, "x") > 0
            sheet.box(box, mixed(color, GROUND, 1.0 if on else 0.55), color, corner)
        case ControlType.FADER:
            _fader(sheet, box, color, corner, _value(node, "x"))
        case ControlType.XY:
            _pad(sheet, node, box, color, corner)
        case ControlType.LABEL | ControlType.TEXT:
            if node.get("background"):
                sheet.box(box, color, corner=corner)
            words = shown.get(str(node.get("name")), str(_value(node, "text") or ""))
            sheet.text(
                box, words, node.get("textSize"), _color(node.get("textColor")), ALIGN[int(node.get("textAlignH"))]
            )
        case _:
            raise ValueError(f"{node.get('name')} is a {node.control_type}, which is not drawn here")


def _fader(sheet: Sheet, box: Box, color: Color, corner: float, at: float) -> None:
    x, y, width, height = box
    sheet.box(box, mixed(color, GROUND, 0.25), color, corner)
    sheet.box((x, y, width * at, height), color, corner=corner)
    cursor = x + min(max(at * width, 2), width - 2)
    sheet.line((cursor, y), (cursor, y + height - 1), INK, 3)


def _pad(sheet: Sheet, node: Node, box: Box, color: Color, corner: float) -> None:
    x, y, width, height = box
    sheet.box(box, mixed(color, GROUND, 0.25), color, corner)
    steps = int(node.get("gridStepsX"))
    for step in range(1, steps):
        share = step / steps
        sheet.line((x + share * width, y + 1), (x + share * width, y + height - 2), mixed(color, GROUND, 0.5))
        sheet.line((x + 1, y + share * height), (x + width - 2, y + share * height), mixed(color, GROUND, 0.5))
    middle = (x + _value(node, "x") * width, y + (1 - _value(node, "y")) * height)
    sheet.line((middle[0], y + 1), (middle[0], y + height - 2), mixed(INK, color, 0.5))
    sheet.line((x + 1, middle[1]), (x + width - 2, middle[1]), mixed(INK, color, 0.5))
    sheet.circle(middle, 11, INK)


def _value(node: Node, key: str) -> Any:
    return next(value.default for value in node.values if value.key == key)


def _color(color: Any) -> Color:
    red, green, blue, *_ = (round(255 * part) for part in (color.r, color.g, color.b, color.a))
    return red, green, blue
