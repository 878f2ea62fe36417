import numpy as np

from backend.engine.masks.shapes import drawn
from backend.engine.masks.tracking import PATIENCE, BoxTracker, parts_of


def disc(x: float, radius: float = 0.1) -> np.ndarray:
    return drawn("ellipse", (x, 0.5, radius, radius), 100, 100)


def edges(mask: np.ndarray) -> tuple[int, int]:
    across = np.flatnonzero(mask.any(0))
    return int(across[0]), int(across[-1]) + 1


def test_parts_are_boxes_the_largest_first_and_specks_are_none():
    mask = np.maximum(disc(0.2), disc(0.7, 0.2))
    mask[0, 0] = 1.0
    assert [box.tolist() for box in parts_of(mask)] == [[50, 30, 90, 70], [10, 40, 30, 60]]


def test_an_outline_becomes_its_box_with_a_margin_at_once():
    boxes = BoxTracker().update(disc(0.5), 5)
    expected = np.zeros((100, 100), np.float32)
    expected[35:65, 35:65] = 1.0
    assert np.array_equal(boxes, expected)


def test_a_box_follows_its_part_smoothly_and_gets_there():
    tracker = BoxTracker()
    tracker.update(disc(0.3), 0)
    path = [edges(tracker.update(disc(0.4), 0))[0] for _ in range(20)]
    assert 20 < path[0] < 24
    assert path == sorted(path)
    assert path[-1] == 30


def test_each_part_has_its_own_box_and_a_margin_is_cut_at_the_border():
    boxes = BoxTracker().update(np.maximum(disc(0.05, 0.05), disc(0.8, 0.1)), 3)
    assert boxes[50, 0] == boxes[50, 80] == 1.0
    assert boxes[50, 40] == 0.0
    assert len(parts_of(boxes)) == 2


def test_a_part_that_is_not_seen_for_a_moment_keeps_its_box_and_then_loses_it():
    tracker, nothing = BoxTracker(), np.zeros((100, 100), np.float32)
    tracker.update(disc(0.5), 0)
    stays = [bool(tracker.update(nothing, 0).any()) for _ in range(PATIENCE + 1)]
    assert stays == [True] * PATIENCE + [False]


def test_reset_forgets_all_boxes():
    tracker = BoxTracker()
    tracker.update(disc(0.3), 0)
    tracker.reset()
    assert edges(tracker.update(disc(0.4), 0)) == (30, 50)
