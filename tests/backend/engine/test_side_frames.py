"""Which pictures of the mask source a chunk gets, and what becomes of an engine that cannot load its model."""

import math

import numpy as np
import pytest

from backend.engine.side_frames import LOST_SECONDS, mask_frames_of
from backend.engine.timeline import FrameHistory, Span
from bridge.video.frames import Frame


def history(*times: float) -> FrameHistory:
    history = FrameHistory(lambda _: [Frame(np.full((2, 2, 3), n, np.uint8), n, time) for n, time in enumerate(times)])
    history.pull()
    return history


def numbers(history: FrameHistory, span: Span) -> list[int] | None:
    mask_frames = mask_frames_of(history, span, span.moments(2))
    return None if mask_frames is None else [int(mask_frame[0, 0, 0]) for mask_frame in mask_frames]


def test_a_mask_source_is_followed_by_the_time_of_its_frames():
    assert numbers(history(9.0, 10.5, 11.0), Span(10.0, 11.0)) == [1, 2]


def test_a_mask_source_that_has_given_nothing_gives_no_mask():
    assert numbers(history(), Span(10.0, 11.0)) is None


@pytest.mark.parametrize(("age", "there"), [(0.9 * LOST_SECONDS, True), (1.1 * LOST_SECONDS, False)])
def test_a_mask_source_that_has_stopped_is_gone_after_a_while(age: float, there: bool):
    assert (numbers(history(10.0 - age), Span(10.0, 11.0)) is not None) is there


def test_a_picture_never_grows_old():
    assert numbers(history(math.inf), Span(1e9, 1e9 + 1)) == [0, 0]
