import numpy as np
import pytest

from backend.imaging.fitting import cover, rounded_size, stream_size
from bridge.errors import BridgeError
from vace_core.config import pipeline_named


@pytest.mark.parametrize(("given", "expected"), [((128, 192), (128, 192)), ((100, 200), (96, 208)), ((3, 8), (16, 16))])
def test_sizes_are_rounded_to_sixteen(given, expected):
    assert rounded_size(*given) == expected


def test_a_wide_picture_loses_its_sides_evenly():
    picture = np.zeros((40, 200, 3), np.uint8)
    picture[:, 80:120] = 255
    fitted = cover(picture, 32, 32)
    assert fitted.shape == (32, 32, 3)
    assert fitted.min() == 255


def test_a_tall_picture_loses_top_and_bottom():
    picture = np.zeros((200, 40, 4), np.uint8)
    picture[80:120] = 255
    assert cover(picture, 32, 32).min() == 255


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (31, 47), (16, 16)])
def test_any_size_can_be_fitted(size):
    assert cover(np.full((*size, 3), 9, np.uint8), 32, 48).shape == (32, 48, 3)


def test_a_picture_that_fits_is_not_copied():
    picture = np.zeros((32, 48, 3), np.uint8)
    assert cover(picture, 32, 48) is picture


@pytest.mark.parametrize("shape", [(0, 40, 3), (40, 0, 3), (40, 40, 2), (40, 40, 5), (40, 40, 0), (40,), (0, 0, 0)])
def test_what_is_no_picture_is_refused_by_its_size(shape):
    with pytest.raises(BridgeError, match="is no picture"):
        cover(np.zeros(shape, np.uint8), 32, 48)


def test_other_numbers_than_bytes_are_refused():
    with pytest.raises(BridgeError, match="40 x 40 x 3 float32"):
        cover(np.zeros((40, 40, 3), np.float32), 32, 48)


@pytest.mark.parametrize("shape", [(40, 60, 1), (32, 48, 1), (40, 60)])
def test_one_channel_is_grey(shape):
    assert cover(np.full(shape, 7, np.uint8), 32, 48).tolist() == np.full((32, 48, 3), 7).tolist()


def test_an_output_larger_than_can_be_held_is_refused():
    with pytest.raises(BridgeError, match="make it smaller"):
        stream_size(1_000_000, 1_000_000, pipeline_named("pocket"))
