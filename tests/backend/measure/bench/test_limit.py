"""What a chunk multiplies is counted by the formula, and the limit follows from rates."""

import pytest
import torch
from torch import nn

from backend.measure.bench.controls import controls_of
from backend.measure.bench.limit import SUMMED, Rates, Work, limit_row
from tests.vace_core.small import ARCHITECTURE, model
from vace_core.stream import Stream
from vace_core.transformer.kernels import attend


@torch.inference_mode()
def test_operations_of_products_are_two_for_each_number_and_summand():
    x = torch.ones(1, 5, 7)
    with Work() as work:
        nn.Linear(7, 3)(x)
        torch.mm(x[0], torch.ones(7, 2))
        nn.Conv2d(4, 6, 3, padding=1)(torch.ones(2, 4, 8, 8))
        attend(torch.ones(1, 2, 5, 4), torch.ones(1, 2, 9, 4), torch.ones(1, 2, 9, 4))
        torch.ones(3).add(1)
    counted = [operations for operations, _ in work.products]
    assert counted == [2 * 5 * 7 * 3, 2 * 5 * 7 * 2, 2 * 2 * 6 * 64 * 4 * 9, 4 * 2 * 5 * 9 * 4]
    assert work.products[1][1] == 4 * (5 * 7 + 7 * 2 + 5 * 2)


def test_a_product_takes_as_long_as_the_slower_of_multiplying_and_copying():
    work = Work([(100, 1), (1, 100)])
    assert work.seconds(Rates(operations=10, bytes=20)) == 10 + 5


def test_a_settled_chunk_is_counted_as_the_architecture_says():
    small = model()
    stream = Stream(small, 32, 48)
    for n in range(4):
        stream.step(controls_of("depth control", stream, n))
    control = controls_of("depth control", stream, 4)
    fork = stream.fork()
    with Work() as without_clean_pass:
        fork.step(control)
    row = limit_row(stream.fork(), control, Rates(1e9, 1e9), seconds=1.0)
    a, own, seen = ARCHITECTURE, 3 * 6, 6 * 6
    linear = 2 * own * (6 * a.dim**2 + 2 * a.dim * a.ffn_dim)
    attention = 4 * own * a.dim * (seen + a.text_length)
    assert 1e9 * row["gflop"] - without_clean_pass.operations == pytest.approx(
        a.layers * (linear + attention), rel=0.05
    )
    assert row["of_limit_percent"] == pytest.approx(row["limit_ms"] / 10, abs=0.05)


def test_a_rate_is_the_work_over_the_best_time(monkeypatch):
    times = iter((0.5, 0.25, 0.5, 0.5, 0.5, 2.0, 1.0, 2.0, 2.0, 2.0))
    monkeypatch.setattr("backend.measure.bench.limit.timed", lambda run, device: next(times))
    monkeypatch.setattr("backend.measure.bench.limit.MATRIX", {"cpu": 8})
    monkeypatch.setattr("backend.measure.bench.limit.COPIED_BYTES", {"cpu": 100})
    assert Rates.measured(torch.device("cpu"), torch.float32) == Rates(4 * 2 * 8**3, 200)


def test_every_counted_operator_is_one_that_there_is():
    for name in SUMMED:
        namespace, _, operator = name.partition("::")
        assert hasattr(getattr(torch.ops, namespace), operator), name
