"""docs/reference/pipelines.md says what presets and catalogue say."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from backend.models import page
from vace_core.checkpoints.catalogue import FILES, PUBLISHED
from vace_core.config import PIPELINES, Pipeline

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_tables_in_the_docs_are_those_that_are_printed():
    kept = (DOCS / "reference" / "pipelines.md").read_text(encoding="utf-8")
    assert page.markdown() in kept, "run `python start.py python docs/scripts/generated.py`"


def test_every_field_of_a_preset_and_every_file_has_a_row():
    lines = page.markdown().splitlines()
    for field in fields(Pipeline):
        if field.name not in page.NOT_RULES:
            assert any(line.startswith(f"| {field.name.replace('_', ' ')} |") for line in lines), field.name
    for name in FILES:
        assert any(line.startswith(f"| `{name}` |") for line in lines), name


def test_another_rule_makes_another_table(monkeypatch: pytest.MonkeyPatch):
    before = page.markdown()
    monkeypatch.setitem(PIPELINES, "longlive", replace(PIPELINES["longlive"], shift=6.5))
    changed = [line for line in page.markdown().splitlines() if line not in before.splitlines()]
    assert len(changed) == 1
    assert changed[0].startswith("| shift | 6.5 |")


def test_weights_are_counted_as_the_catalogue_counts_them():
    from vace_core.checkpoints.catalogue import VACE_1_3B, WAN_1_3B

    assert page.parameters(PIPELINES["longlive"].architecture) == WAN_1_3B + VACE_1_3B


def test_what_is_remembered_grows_with_the_window():
    preset = PIPELINES["longlive"]
    assert page.memory_bytes(replace(preset, window=2 * preset.window)) == 2 * page.memory_bytes(preset)


def test_every_pipeline_has_a_column():
    head = page.markdown().splitlines()[2]
    assert all(f"`{name}`" in head for name in PUBLISHED if name in PIPELINES)
