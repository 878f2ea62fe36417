"""The cookbook is what its recipes say, and every recipe can be sent."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backend.controls.table import TABLE
from backend.offline.render import first_settings

SCRIPT = Path(__file__).parent.parent / "docs" / "scripts" / "cookbook.py"


def read() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cookbook", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


cookbook = read()
RECIPES = (*cookbook.MODES, *cookbook.MIXES)


def test_the_page_is_up_to_date() -> None:
    """Stale? python start.py python docs/scripts/cookbook.py --text"""
    assert cookbook.PAGE.read_text(encoding="utf-8") == cookbook.page()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.picture)
def test_a_recipe_s_messages_are_taken_and_its_picture_is_there(recipe) -> None:
    known = {row.address for row in TABLE}
    assert {address for address, _ in recipe.messages} <= known
    first_settings(cookbook.values(recipe))
    assert (cookbook.PICTURES / f"{recipe.picture}.jpg").stat().st_size > 1000


def test_every_kind_of_control_and_way_to_ask_has_its_recipe() -> None:
    controls = next(row for row in TABLE if row.address == "/vace/control")
    shown = {str(given[0]) for recipe in RECIPES for address, given in recipe.messages if address == "/vace/control"}
    assert shown == set(controls.choices)
