import numpy as np
import pytest

from backend.engine.timeline import FrameHistory, Span, next_span, pick
from bridge.video.frames import Frame

PICTURE = np.zeros((2, 2, 3), np.uint8)


def frames(*times: float) -> list[Frame]:
    return [Frame(PICTURE, number, time) for number, time in enumerate(times)]


def test_moments_are_even_and_end_with_the_span():
    assert Span(1.0, 2.0).moments(4) == [1.25, 1.5, 1.75, 2.0]


def test_the_first_chunk_shows_the_time_before_now():
    assert next_span(None, 100.0, 9, 30.0, reach=99.0) == Span(99.7, 100.0)


def test_a_slow_engine_gets_all_the_time_since_its_last_chunk():
    assert next_span(Span(0.0, 10.0), 11.5, 12, 30.0, reach=9.0) == Span(10.0, 11.5)


def test_a_fast_engine_is_told_to_wait_for_as_much_as_it_shows():
    span = next_span(Span(0.0, 10.0), 10.1, 12, 30.0, reach=9.0)
    assert (span.start, span.end) == (10.0, pytest.approx(10.4))


def test_what_is_no_longer_known_is_left_out():
    assert next_span(Span(0.0, 10.0), 60.0, 12, 30.0, reach=57.0) == Span(57.0, 60.0)


def test_a_source_that_has_stopped_does_not_make_the_span_shorter_than_a_chunk():
    span = next_span(Span(0.0, 10.0), 13.0, 12, 30.0, reach=12.99)
    assert span.end - span.start == pytest.approx(0.4)


def test_the_newest_frame_that_is_not_newer_is_picked():
    picked = pick(frames(1.0, 2.0, 3.0), [0.5, 1.0, 2.9, 3.0, 9.0])
    assert [frame.number for frame in picked] == [0, 0, 1, 2, 2]


def test_a_tape_takes_only_new_frames_and_keeps_the_last_one():
    source = frames(1.0, 2.0, 3.0)
    history = FrameHistory(lambda number: [frame for frame in source if frame.number > number])
    assert history.oldest is None
    history.pull()
    history.pull()
    assert [frame.number for frame in history.pick([1.0, 2.0, 3.0])] == [0, 1, 2]
    history.forget(50.0)
    assert history.oldest == 3.0
    assert [frame.number for frame in history.pick([60.0])] == [2]


def test_a_tape_does_not_grow_without_end():
    source = [Frame(PICTURE, number, float(number)) for number in range(1000)]
    history = FrameHistory(lambda number: [frame for frame in source if frame.number > number])
    history.pull()
    assert history.oldest == 1000 - 256
