"""The pictures of the surfaces in the docs, as their command draws them from the layouts' files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import py2tosc
import pytest

from bridge.layouts.files import OPEN_STAGE_CONTROL, TOUCHOSC, TOUCHOSC_PHONE
from docs.scripts.draw_open_stage_control import draw_tab
from docs.scripts.draw_touchosc import draw_page

LAYOUTS = Path(__file__).parents[3] / "docs" / "layouts"


def colours(picture) -> int:
    return len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0))


@pytest.mark.parametrize(("name", "size", "pages"), [(TOUCHOSC, (1024, 768), 7), (TOUCHOSC_PHONE, (390, 844), 2)])
def test_every_page_of_touchosc_is_drawn_in_its_size(name: str, size: tuple[int, int], pages: int):
    root = py2tosc.load(LAYOUTS / name).root
    assert len(root.children[0].children) == pages
    for page in range(pages):
        picture = draw_page(root, page, {})
        assert picture.size == size
        assert colours(picture) > 50


def test_what_a_script_fills_can_be_shown():
    root = py2tosc.load(LAYOUTS / TOUCHOSC).root
    without, shown = (np.asarray(draw_page(root, 0, texts)) for texts in ({}, {"state": "running  24 fps"}))
    rows, columns = np.where((without != shown).any(axis=2))
    assert len(rows) > 50
    assert rows.max() < 100
    assert columns.min() > 700


def test_the_page_to_play_from_of_open_stage_control_is_drawn():
    session = json.loads((LAYOUTS / OPEN_STAGE_CONTROL).read_text(encoding="utf-8"))
    picture = draw_tab(session, 0, {})
    assert picture.size == (1280, 800)
    assert colours(picture) > 50
