"""The row of a chunk in float32 and in what the processor multiplies."""

from dataclasses import replace

import torch

from backend.measure.bench.precision import in_float32, precision_rows
from backend.measure.bench.sameness import ALLOWED
from tests.vace_core.small import model
from vace_core.checkpoints.options import LoadOptions
from vace_core.load import load


def test_one_that_multiplies_in_bfloat16_is_measured_beside_itself_in_float32():
    narrow = load("pocket", options=LoadOptions(precision="bfloat16"))
    narrow = replace(narrow, pipeline=replace(narrow.pipeline, steps=(1000,)))
    exact = in_float32(narrow)
    assert (exact.precision, exact.pipeline) == (torch.float32, narrow.pipeline)
    (row,) = precision_rows(narrow, exact, 32, 48, 1)
    assert row["name"] == "chunk, depth control, bfloat16 in place of float32"
    assert 0 < row["difference"] < row["largest_difference"]
    assert row["same"]
    assert row["allowed_difference"] == ALLOWED[torch.bfloat16]


def test_one_that_is_float32_throughout_has_no_such_row():
    small = model()
    assert in_float32(small) is small
    assert list(precision_rows(small, small, 32, 48, 1)) == []
