"""A stream that is smaller than the show, of which nobody outside sees anything but less detail."""

from pathlib import Path

import numpy as np
import pytest

from backend.controls.mask_source import MaskSource
from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.chunk_result import HandOut
from backend.engine.options import ModelOptions
from backend.engine.sized_pipeline import SizedPipeline
from tests.backend import fake_model

HEIGHT, WIDTH = 64, 96
FRAMES = [np.full((HEIGHT, WIDTH, 3), 20 * number, np.uint8) for number in range(9)]
SETTINGS = Settings(prompt="as the control", control="raw", mask_source=MaskSource("left"))


class Opened:
    """Notes the sizes of the streams that were begun; refuses the ones larger than `room`."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.room = 1 << 30

    def __call__(self, height: int, width: int) -> ChunkPipeline:
        if height * width > self.room:
            raise MemoryError("no room")
        self.sizes.append((height, width))
        return ChunkPipeline(fake_model.load(ModelOptions(models=(Path(),))), height, width)


def make(sized: SizedPipeline, hand_out: HandOut | None = None):
    return sized.make(
        FRAMES,
        None,
        SETTINGS,
        0.3,
        None,
        control_frames=None,
        anchor=False,
        in_parts=False,
        hand_out=hand_out,
        look=lambda: None,
    )


def test_frames_go_in_and_come_out_at_the_size_of_the_show():
    opened = Opened()
    sized = SizedPipeline(opened, HEIGHT, WIDTH)
    whole = make(sized)
    sized.resize(0.5)
    half = make(sized)
    assert opened.sizes == [(64, 96), (32, 48)]
    for one, other in ((whole.frames, half.frames), (whole.control, half.control), (whole.mask, half.mask)):
        assert one is not None
        assert other is not None
        assert one.shape == other.shape
        assert np.abs(one.astype(int) - other).mean() < 4, "the same picture, with less detail"


def test_nothing_begins_anew_where_the_size_stays():
    opened = Opened()
    sized = SizedPipeline(opened, HEIGHT, WIDTH)
    for scale in (1.0, 0.75, 0.75, 1.0):
        sized.resize(scale)
    assert opened.sizes == [(64, 96), (48, 80), (64, 96)]


def test_a_stream_that_there_is_no_room_for_can_be_asked_for_again_smaller():
    opened = Opened()
    sized = SizedPipeline(opened, HEIGHT, WIDTH)
    sized.resize(0.5)
    opened.room = 32 * 48
    with pytest.raises(MemoryError):
        sized.resize(1.0)
    sized.resize(0.5)
    assert make(sized).frames.shape == (9, HEIGHT, WIDTH, 3)


def test_frames_that_are_handed_out_early_have_the_size_of_the_show_too():
    sized = SizedPipeline(Opened(), HEIGHT, WIDTH)
    sized.resize(0.5)
    early: list[tuple[int, ...]] = []
    rest = make(sized, lambda frames, first, tag: early.append((first, *frames.shape))).frames
    assert early == [(0, 1, HEIGHT, WIDTH, 3), (1, 4, HEIGHT, WIDTH, 3), (5, 4, HEIGHT, WIDTH, 3)]
    assert len(rest) == 0
