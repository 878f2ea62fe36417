import numpy as np
import pytest

from backend.imaging.fitting import cover, fit_picture, lost, rounded_size, stream_size
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


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_that_is_contained_is_whole_with_black_beside_it(channels: int):
    picture = np.full((40, 20, channels), 200, np.uint8)
    inside = fit_picture(picture, 32, 48, "contain")
    assert inside.shape == (32, 48, max(channels, 3))
    assert (inside[:, 16:32, :3] == 200).all()
    assert (inside[:, :16, :3] == 0).all()
    assert (inside[:, 32:, :3] == 0).all()
    if channels == 4:
        assert (inside[:, :16, 3] == 255).all()
    assert fit_picture(np.full((32, 48, 3), 7, np.uint8), 32, 48, "contain").tolist() == [[[7] * 3] * 48] * 32


def test_a_picture_that_is_stretched_shows_all_of_itself():
    picture = np.zeros((40, 20, 3), np.uint8)
    picture[:20] = 255
    stretched = fit_picture(picture, 32, 48, "stretch")
    assert stretched.shape == (32, 48, 3)
    assert (stretched[:15] == 255).all()
    assert (stretched[17:] == 0).all()


def test_how_much_of_a_picture_is_lost():
    assert lost((1080, 1920), (1080, 1920)) == 0
    assert lost((1920, 1080), (128, 192)) == pytest.approx(0.625)
    assert lost((480, 854), (480, 832)) == pytest.approx(0.026, abs=0.002)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ((1080, 1920), (128, 192)),  # 16:9 in 3:2 loses 16 %
        ((720, 960), (128, 192)),  # 4:3 loses 11 %
        ((1920, 1080), (208, 112)),
        ((1000, 1000), (160, 160)),
        ((400, 1600), (80, 320)),
        (None, (128, 192)),
    ],
)
def test_an_output_takes_the_shape_of_an_input_that_would_lose_a_fifth(source, expected, caplog):
    preset = pipeline_named("pocket")
    assert (preset.height, preset.width) == (128, 192)
    assert stream_size(None, None, preset, source) == expected
    assert ("in the shape of the input" in caplog.text) == (expected != (128, 192))


@pytest.mark.parametrize(
    "asked",
    [{"height": 128, "width": None}, {"height": None, "width": 192}, {"height": None, "width": None, "fit": "contain"}],
)
def test_it_does_not_where_a_size_is_given_or_nothing_is_cut_off(asked):
    height, width = asked["height"], asked["width"]
    fit = asked.get("fit", "cover")
    assert stream_size(height, width, pipeline_named("pocket"), (1920, 1080), fit) == (128, 192)
