import cv2
import numpy as np
import pytest

from backend.engine.masks.shapes import drawn
from backend.engine.masks.shaping import Steadier, composite, crisp, feathered, grown, shaped

BOX = drawn("center", (), 64, 96)
FULL, EMPTY = np.ones((8, 8), np.float32), np.zeros((8, 8), np.float32)


def test_a_threshold_makes_a_mask_crisp_and_zero_leaves_it():
    soft = np.linspace(0, 1, 5, dtype=np.float32)[None]
    assert crisp(soft, 0.5).tolist() == [[0.0, 0.0, 1.0, 1.0, 1.0]]
    assert crisp(soft, 1.0).tolist() == [[0.0, 0.0, 0.0, 0.0, 1.0]]
    assert crisp(soft, 0.0) is soft


@pytest.mark.parametrize("pixels", [1, 2, 3, 5, 8])
def test_a_mask_grows_and_shrinks_by_so_many_pixels(pixels: int):
    larger, smaller = grown(BOX, pixels), grown(BOX, -pixels)
    row = np.flatnonzero(BOX[32])
    assert np.flatnonzero(larger[32]).tolist() == list(range(row[0] - pixels, row[-1] + pixels + 1))
    assert np.flatnonzero(smaller[32]).tolist() == list(range(row[0] + pixels, row[-1] - pixels + 1))


def test_growing_by_nothing_is_nothing_and_the_pictures_border_is_no_edge():
    assert grown(BOX, 0.0) is BOX
    assert grown(FULL, -4).min() == 1.0
    assert grown(EMPTY, 4).max() == 0.0


def test_it_is_inverted_first_and_grown_then():
    assert np.array_equal(shaped(BOX, True, 3), grown(1 - BOX, 3))
    assert shaped(BOX, True, 3).sum() > (1 - BOX).sum()
    assert shaped(BOX, False, 0.0) is BOX


def steadied(masks: list, frames: int, soft: bool = False, steadier: Steadier | None = None) -> list[float | None]:
    given = [None if mask is None else np.full((2, 2), mask, np.float32) for mask in masks]
    return [
        None if mask is None else float(mask[0, 0]) for mask in (steadier or Steadier()).update(given, frames, soft)
    ]


def test_what_flickers_for_a_frame_is_steady():
    assert steadied([1, 1, 0, 1, 1, 0, 1, 1], 3) == [1] * 8
    assert steadied([0, 0, 0, 1, 0, 0, 1, 0], 3)[2:] == [0] * 6


@pytest.mark.parametrize("frames", [2, 3, 6, 12])
def test_nothing_trails_behind_for_longer_than_is_said(frames: int):
    steady = steadied([1] * 20 + [0] * 20, frames)
    assert steady[:20] == [1] * 20
    assert max(steady[20 + frames :]) == 0  # type: ignore[type-var]
    soft = steadied([1] * 20 + [0] * 20, frames, soft=True)
    assert soft[20 + frames - 1 :] == [0.0] * (21 - frames)
    assert 0.0 < soft[20] < 1.0  # type: ignore[operator]


def test_chunks_are_steadied_as_if_they_were_one():
    flicker = [1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1]
    steadier = Steadier()
    parts = [steadied(flicker[begin : begin + 4], 5, steadier=steadier) for begin in (0, 4, 8)]
    assert [*parts[0], *parts[1], *parts[2]] == steadied(flicker, 5)


def test_off_is_the_masks_themselves_and_what_is_missing_stays_missing():
    assert Steadier().update([FULL, EMPTY], 1, False)[1] is EMPTY
    assert steadied([1, None, 0, 0], 3) == [1, None, 1, 0]


@pytest.mark.parametrize("pixels", [1, 2, 3, 4, 7, 16])
def test_a_feather_is_as_wide_as_it_says_on_both_sides_and_exact_beyond(pixels: int):
    mask = drawn("left", (), 64, 96)
    soft = feathered(mask, pixels)
    changed = np.flatnonzero((soft != mask).any(0))
    assert changed.tolist() == list(range(48 - pixels, 48 + pixels))
    assert soft[:, 47] + soft[:, 48] == pytest.approx(1.0)


def test_no_feather_is_the_mask_itself():
    assert feathered(BOX, 0) is BOX


@pytest.mark.parametrize("feather", [0, 5])
def test_compositing_keeps_every_pixel_beyond_the_feather_as_it_is(feather: int):
    random = np.random.default_rng(0)
    made, kept = random.integers(0, 256, (2, 64, 96, 3), np.uint8)
    mixed = composite(made, np.dstack((kept, kept[..., :1])), feathered(BOX, feather))
    square = np.ones((2 * feather + 1, 2 * feather + 1), np.uint8)
    beyond, within = cv2.dilate(BOX, square) == 0, cv2.erode(BOX, square) == 1
    assert np.array_equal(mixed[beyond], kept[beyond])
    assert np.array_equal(mixed[within], made[within])
    assert feather or (beyond | within).all()
