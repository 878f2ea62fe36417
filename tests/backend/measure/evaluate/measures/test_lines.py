"""Lines against lines."""

import numpy as np
import pytest

from backend.measure.evaluate.measures.lines import f1, lines_of


def line(column: int) -> np.ndarray:
    out = np.zeros((1, 32, 48), np.float32)
    out[:, :, column] = 1
    return out


def test_the_same_lines_agree():
    assert f1(line(20), line(20)) == 1.0


@pytest.mark.parametrize(("off", "agreement"), [(1, 1.0), (2, 1.0), (3, 0.0)])
def test_two_pixels_are_forgiven(off: int, agreement: float):
    assert f1(line(20 + off), line(20)) == agreement


def test_half_of_the_lines_is_a_recall_of_a_half():
    assert f1(line(10), line(10) + line(40)) == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_no_lines_agree_with_no_lines_only():
    nothing = np.zeros((1, 32, 48), np.float32)
    assert f1(nothing, nothing) == 1.0
    assert f1(nothing, line(3)) == 0.0
    assert f1(line(3), nothing) == 0.0


def test_the_lines_of_a_picture_are_where_its_edges_are():
    picture = np.zeros((1, 32, 48, 3), np.uint8)
    picture[:, :, 24:] = 255
    assert f1(lines_of(picture), line(23) + line(24)) == 1.0
