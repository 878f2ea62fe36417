"""Which pictures of the mask source a chunk gets."""

import math

import numpy as np
import pytest

from backend.engine.process import LOST_SECONDS, mattes_of
from backend.engine.timeline import Span, Tape
from bridge.video.frames import Frame


def tape(*times: float) -> Tape:
    tape = Tape(lambda _: [Frame(np.full((2, 2, 3), n, np.uint8), n, time) for n, time in enumerate(times)])
    tape.pull()
    return tape


def numbers(tape: Tape, span: Span) -> list[int] | None:
    mattes = mattes_of(tape, span, span.moments(2))
    return None if mattes is None else [int(matte[0, 0, 0]) for matte in mattes]


def test_a_mask_source_is_followed_by_the_time_of_its_frames():
    assert numbers(tape(9.0, 10.5, 11.0), Span(10.0, 11.0)) == [1, 2]


def test_a_mask_source_that_has_given_nothing_gives_no_mask():
    assert numbers(tape(), Span(10.0, 11.0)) is None


@pytest.mark.parametrize(("age", "there"), [(0.9 * LOST_SECONDS, True), (1.1 * LOST_SECONDS, False)])
def test_a_mask_source_that_has_stopped_is_gone_after_a_while(age: float, there: bool):
    assert (numbers(tape(10.0 - age), Span(10.0, 11.0)) is not None) is there


def test_a_picture_never_grows_old():
    assert numbers(tape(math.inf), Span(1e9, 1e9 + 1)) == [0, 0]
