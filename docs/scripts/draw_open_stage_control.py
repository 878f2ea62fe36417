"""A tab of an Open Stage Control session as a picture: what its file says is where, and shows at first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image

from docs.scripts.drawing import INK, Box, Color, Sheet, color_of, mixed

WIDTH, HEIGHT, TABS = 1280, 800, 40
GROUND, BAR, ACCENT = (33, 37, 43), (47, 52, 62), (61, 106, 150)
Json = dict[str, Any]


def draw_tab(session: Json, number: int, shown: Mapping[str, str]) -> Image.Image:
    """Tab `number`, from 0, in a window of 1280 x 800. shown: texts of widgets, by id, in place of the first."""
    tabs = session["content"]["tabs"]
    sheet = Sheet(WIDTH, HEIGHT, GROUND)
    width = WIDTH / len(tabs)
    for place, tab in enumerate(tabs):
        sheet.box((place * width, 0, width - 1, TABS - 2), mixed(INK, BAR, 0.1) if place == number else BAR)
        sheet.text((place * width, 0, width, TABS), tab["label"], 13)
    widgets = tabs[number]["widgets"]
    texts = {each["address"]: str(each.get("default", "")) for tab in tabs for each in _all(tab) if "address" in each}
    looks = {each["id"]: texts[each["address"]] for each in widgets if each["type"] == "variable"}
    for each in widgets:
        if "left" in each:
            shares = [float(each[side].rstrip("%")) / 100 for side in ("left", "top", "width", "height")]
            x, y, wide, high = (share * (WIDTH, HEIGHT - TABS)[place % 2] for place, share in enumerate(shares))
            _widget(sheet, each, (x, TABS + y, wide, high), {**looks, **shown})
    return sheet.picture()


def _all(widget: Json) -> list[Json]:
    return [widget, *(each for child in widget.get("widgets", ()) for each in _all(child))]


def _widget(sheet: Sheet, each: Json, box: Box, texts: Mapping[str, str]) -> None:
    color = color_of(each["colorWidget"]) if "colorWidget" in each else ACCENT
    first = each.get("default", each.get("value", ""))
    match each["type"]:
        case "text":
            ink = color_of(each["colorText"]) if "colorText" in each else INK
            sheet.text(box, texts.get(each["id"], str(first)), 13, ink, each.get("align", "center"))
        case "input":
            sheet.box(box, mixed(color, GROUND, 0.1), mixed(color, GROUND, 0.75), 2)
            sheet.text(box, str(first), 14, align=each.get("align", "center"))
        case "button":
            on = each["mode"] == "toggle" and first == 1
            sheet.box(box, mixed(color, GROUND, 0.9 if on else 0.25), mixed(color, GROUND, 0.75), 2)
            label = str(each["label"])
            sheet.text(box, texts[label[2:-1]] if label.startswith("@{") else label, 15)
        case "fader":
            low, high = each["range"]["min"], each["range"]["max"]
            _fader(sheet, box, color, (first - low) / (high - low))
        case "xy":
            ends = [(each[name]["min"], each[name]["max"]) for name in ("rangeX", "rangeY")]
            _pad(sheet, box, color, *((value - low) / (high - low) for value, (low, high) in zip(first, ends)))
        case kind:
            raise ValueError(f"{each['id']} is a {kind}, which is not drawn here")


def _fader(sheet: Sheet, box: Box, color: Color, at: float) -> None:
    x, y, width, height = box
    sheet.box(box, None, mixed(color, GROUND, 0.75), 2)
    middle, knob = y + height / 2, x + 12 + at * (width - 24)
    sheet.line((x + 12, middle), (x + width - 12, middle), mixed(color, GROUND, 0.5), 2)
    sheet.line((x + 12, middle), (knob, middle), color, 4)
    sheet.box((knob - 10, y + 8, 20, height - 16), mixed(color, GROUND, 0.6), INK, 2)


def _pad(sheet: Sheet, box: Box, color: Color, across: float, up: float) -> None:
    x, y, width, height = box
    sheet.box(box, mixed(color, GROUND, 0.08), mixed(color, GROUND, 0.75), 2)
    middle = (x + across * width, y + (1 - up) * height)
    sheet.line((middle[0], y + 2), (middle[0], y + height - 3), mixed(color, GROUND, 0.4))
    sheet.line((x + 2, middle[1]), (x + width - 3, middle[1]), mixed(color, GROUND, 0.4))
    sheet.circle(middle, 10, color)
