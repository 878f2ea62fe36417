"""Shortcuts are compared with the whole way from the same state, chunk by chunk."""

from backend.measure.bench.shortcuts import shortcut_rows
from tests.vace_core.small import model


def test_each_shortcut_has_its_cost_and_its_difference():
    rows = list(shortcut_rows(model(), 32, 48, chunks=2))
    assert len({row["name"] for row in rows}) == len(rows) == 8
    for row in rows:
        assert row["ratio"] > 0
        assert row["difference_share"] > 0
