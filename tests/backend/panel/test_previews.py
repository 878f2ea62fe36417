"""Previews: the right colours, a bounded size, a bounded rate."""

import cv2
import numpy as np
import pytest

from backend.panel.previews import WIDEST, Previews, jpeg


def decoded(data: bytes) -> np.ndarray:
    """RGB [H, W, 3] of a JPEG."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture[..., ::-1]


@pytest.mark.parametrize("channels", [3, 4])
def test_a_preview_keeps_its_colours(channels: int):
    pixels = np.full((32, 48, channels), 255, np.uint8)
    pixels[..., :3] = (200, 100, 20)
    assert np.abs(decoded(jpeg(pixels)).astype(int) - (200, 100, 20)).max() < 6


@pytest.mark.parametrize("shape", [(32, 48), (32, 48, 1)])
def test_a_mask_is_shown_in_gray(shape: tuple[int, ...]):
    assert np.abs(decoded(jpeg(np.full(shape, 90, np.uint8))).astype(int) - 90).max() < 4


def test_a_large_picture_is_shown_smaller_in_its_own_shape():
    assert decoded(jpeg(np.zeros((720, 1280, 3), np.uint8))).shape == (360, WIDEST, 3)


def test_previews_are_made_once_an_interval_however_many_look():
    now = [0.0]
    calls = []

    def previews() -> dict[str, np.ndarray]:
        calls.append(now[0])
        return {"output": np.zeros((8, 8, 3), np.uint8)}

    pictures = Previews(previews, 0.1, clock=lambda: now[0])
    for now[0] in (0.0, 0.05, 0.09, 0.1, 0.15, 0.2):
        messages = pictures.messages()
        assert messages["output"][:7] == b"\x06output"
    assert calls == [0.0, 0.1, 0.2]
