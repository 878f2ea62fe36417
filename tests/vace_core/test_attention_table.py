"""docs/reference/attention.md says what the table of attention kernels says."""

from __future__ import annotations

from pathlib import Path

from tests.vace_core import attention_table
from vace_core.transformer.attention_backends import TABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "attention.md"


def test_the_table_of_the_page_is_that_of_the_code() -> None:
    assert attention_table.markdown() in PAGE.read_text(encoding="utf-8"), "run docs/scripts/generated.py"


def test_every_kernel_has_a_row() -> None:
    rows = attention_table.markdown().splitlines()
    assert [row.split("`")[1] for row in rows[2:]] == [backend.name for backend in TABLE]
