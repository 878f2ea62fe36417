import numpy as np
import pytest

from backend.engine.masks.shapes import drawn


@pytest.mark.parametrize(
    ("name", "share"), [("left", 0.5), ("right", 0.5), ("top", 0.5), ("bottom", 0.5), ("center", 0.25)]
)
def test_a_named_part_covers_its_share(name: str, share: float):
    assert drawn(name, (), 32, 48).mean() == share


def test_opposite_parts_are_each_others_inverse():
    assert np.array_equal(1 - drawn("left", (), 32, 48), drawn("right", (), 32, 48))
    assert np.array_equal(1 - drawn("top", (), 32, 48), drawn("bottom", (), 32, 48))


def test_a_rectangle_lies_where_its_numbers_say():
    expected = np.zeros((32, 48), np.float32)
    expected[8:16, 12:36] = 1.0
    assert np.array_equal(drawn("rect", (0.25, 0.25, 0.5, 0.25), 32, 48), expected)


def test_a_rectangle_may_be_dragged_backwards_and_out_of_the_picture():
    backwards, forwards = ((0.75, 0.5, -0.5, -0.25), (0.25, 0.25, 0.5, 0.25))
    assert np.array_equal(drawn("rect", backwards, 32, 48), drawn("rect", forwards, 32, 48))
    assert np.array_equal(drawn("rect", (-1.0, -1.0, 1.5, 3.0), 32, 48), drawn("left", (), 32, 48))
    assert drawn("rect", (1.5, 0.0, 0.5, 1.0), 32, 48).max() == 0.0


def test_an_ellipse_has_its_area_and_its_ends():
    mask = drawn("ellipse", (0.5, 0.5, 0.25, 0.4), 320, 480)
    assert mask.mean() == pytest.approx(np.pi * 0.25 * 0.4, rel=0.01)
    assert (mask[160, 121], mask[160, 118], mask[33, 240], mask[30, 240]) == (1.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(("kind", "numbers"), [("ellipse", (0.5, 0.5, 0.0, 0.5)), ("rect", (0.5, 0.5, 0.0, 0.5))])
def test_a_shape_without_an_area_is_empty(kind: str, numbers: tuple[float, ...]):
    assert drawn(kind, numbers, 32, 48).max() == 0.0


def test_a_polygon_of_a_rectangles_corners_is_the_rectangle_whichever_way_round():
    corners = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.5), (0.25, 0.5))
    for order in (corners, corners[::-1], corners[2:] + corners[:2]):
        numbers = tuple(number for corner in order for number in corner)
        assert np.array_equal(drawn("polygon", numbers, 32, 48), drawn("rect", (0.25, 0.25, 0.5, 0.25), 32, 48))


def test_a_triangle_covers_half_of_its_box_and_a_star_has_a_hole():
    assert drawn("polygon", (0.0, 0.0, 1.0, 0.0, 0.0, 1.0), 320, 480).mean() == pytest.approx(0.5, abs=0.01)
    corners = [(0.5 + 0.5 * np.sin(turn), 0.5 - 0.5 * np.cos(turn)) for turn in 2 * np.pi * 0.4 * np.arange(5)]
    star = drawn("polygon", tuple(float(number) for corner in corners for number in corner), 64, 64)
    assert (star[32, 32], star[4, 32]) == (0.0, 1.0)


def test_the_same_shape_is_drawn_once_and_cannot_be_written_in():
    once = drawn("rect", (0.1, 0.2, 0.3, 0.4), 32, 48)
    assert drawn("rect", (0.1, 0.2, 0.3, 0.4), 32, 48) is once
    with pytest.raises(ValueError, match="read-only"):
        once[0, 0] = 1.0
