import cv2
import numpy as np
import pytest

from bridge.video import framecode


def coded(height: int, width: int, number: int = 1234, time: float = 567.8912) -> np.ndarray:
    picture = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    framecode.write(picture, number, time)
    return picture


@pytest.mark.parametrize("size", [(128, 192), (64, 80), (368, 640), (480, 832), (1080, 1920), (130, 187)])
def test_number_and_time_are_read_back(size: tuple[int, int]):
    code = framecode.read(coded(*size))
    assert code is not None
    assert (code.number, code.time) == (1234, pytest.approx(567.8912))
    assert code.age(568.0) == pytest.approx(0.1088)


def test_they_survive_scaling_and_jpeg():
    small = cv2.resize(coded(480, 832), (416, 240), interpolation=cv2.INTER_AREA)
    squeezed = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    assert squeezed is not None
    code = framecode.read(squeezed)
    assert code is not None
    assert code.number == 1234


def test_a_picture_without_a_code_or_with_a_damaged_one_has_none():
    picture = coded(128, 192)
    assert framecode.read(np.zeros_like(picture)) is None
    assert framecode.read(np.full_like(picture, 255)) is None
    for column in range(framecode.CELLS):
        cells = np.s_[:, column * 192 // framecode.CELLS : (column + 1) * 192 // framecode.CELLS]
        damaged = picture.copy()
        damaged[cells] = 255 - damaged[cells]
        assert framecode.read(damaged) is None


def test_the_rest_of_the_picture_is_left_alone_and_a_small_one_altogether():
    plain = np.random.default_rng(0).integers(0, 255, (128, 192, 3), np.uint8)
    below = framecode.strip_height(192)
    assert (coded(128, 192)[below:] == plain[below:]).all()
    assert below < 128 / 6
    small = np.zeros((16, 16, 3), np.uint8)
    framecode.write(small, 1, 1.0)
    assert not small.any()
    assert framecode.read(small) is None


def test_numbers_and_times_count_on_from_zero():
    code = framecode.read(coded(128, 192, 2**24 + 5, 2**32 / 10_000 + 1.5))
    assert code is not None
    assert (code.number, code.time) == (5, 1.5)
    assert code.age(2**32 / 10_000 + 2.0) == pytest.approx(0.5)
