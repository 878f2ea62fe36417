"""docs/reference/files.md says what the tests of layouts and LoRA styles try."""

from __future__ import annotations

from pathlib import Path

from tests.vace_core import files_table
from tests.vace_core.checkpoints.layout_cases import CASES
from tests.vace_core.lora.style_cases import STYLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "files.md"


def test_the_tables_of_the_page_are_those_of_the_tests() -> None:
    assert files_table.markdown() in PAGE.read_text(encoding="utf-8"), "run docs/scripts/generated.py"


def test_every_layout_and_style_has_a_row_and_none_is_there_twice() -> None:
    rows = files_table.markdown().splitlines()
    names = [f"| {case.part} | {case.layout} |" for case in CASES] + [f" | {style.name} |" for style in STYLES]
    assert all(sum(name in row for row in rows) == 1 for name in names)
