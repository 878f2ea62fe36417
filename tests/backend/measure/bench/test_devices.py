"""The bench on several devices."""

from __future__ import annotations

import pytest

from backend.measure.bench.controls import MODES
from backend.measure.bench.devices import RankModel, device_rows

SIZE = (32, 48)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_mode_is_measured_on_one_and_on_all_and_shows_the_same() -> None:
    wanted = RankModel("pocket", random_weights=False, precision="float32")
    rows = list(device_rows(wanted, ("cpu", "cpu"), SIZE, chunks=1))
    assert [row["name"] for row in rows] == [f"chunk, {mode}, on cpu, cpu" for mode in MODES]
    for row in rows:
        assert row["difference"] < 1e-5
        assert row["ratio"] == pytest.approx(row["alone_ms"] / row["shared_ms"], rel=0.01)


def test_heads_that_do_not_divide_are_told_before_anything_is_loaded() -> None:
    with pytest.raises(ValueError, match=r"longlive on cpu, .*: 12 heads of attention cannot be shared equally by 5"):
        next(device_rows(RankModel("longlive", random_weights=True), ("cpu",) * 5, SIZE, chunks=1))
