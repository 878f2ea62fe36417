"""The rows of the annotators: one each, and the set as their sum."""

import pytest

from backend.measure.bench.annotators import annotator_rows
from vace_core.annotators.annotator import ANNOTATORS


def test_every_annotator_has_a_row_and_the_set_is_their_sum():
    rows = {row["name"]: row for row in annotator_rows(64, 96, rounds=1)}
    single = [rows[f"annotator, {name}"] for name in ANNOTATORS]
    assert {"mask, person", "mask, subject"} < set(rows)
    whole = rows["annotators, the default set"]
    assert whole["ours_ms"] == pytest.approx(sum(row["ours_ms"] for row in single), abs=0.01)
    assert whole["plain_ms"] == pytest.approx(sum(row["plain_ms"] for row in single), abs=0.01)
