from backend.measure.bench.quantisation import quantisation_rows
from tests.vace_core.small import model
from vace_core.checkpoints.options import LoadOptions
from vace_core.load import load
from vace_core.transformer.quantised import Quantised


def test_every_part_has_its_error_and_its_size():
    small = model()
    rows = list(quantisation_rows(small, 32, 48))
    assert [row["name"] for row in rows] == ["int8, main blocks", "int8, context blocks", "int8, all blocks"]
    for row in rows:
        assert 0 < row["error"] < 0.03
        assert row["plain_ms"] > 0
        assert row["ours_ms"] > 0
        assert row["bytes"] < 0.5 * row["plain_bytes"]
    main, context, every = rows
    assert main["hints_error"] == 0
    assert context["hints_error"] == every["hints_error"] > 0
    assert not any(isinstance(part, Quantised) for part in small.transformer.modules())


def test_the_text_encoder_has_a_row_of_its_own():
    *_, row = quantisation_rows(load("pocket", options=LoadOptions(precision="float32")), 32, 48)
    assert row["name"] == "int8, text encoder"
    assert 0 < row["error"] < 0.03
    assert row["bytes"] < 0.9 * row["plain_bytes"]
