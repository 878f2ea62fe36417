import numpy as np
import pytest

from backend.front import jitter_buffer
from backend.front.jitter_buffer import SHRINK, JitterBuffer
from bridge.video.frames import Frame

TICK = 1 / 30
PICTURE = np.zeros((2, 2, 3), np.uint8)


def chunk(start: float, seconds: float, count: int, number: int = 0) -> list[Frame]:
    """`count` frames seen evenly over `seconds` from `start`."""
    return [Frame(PICTURE, number + i, start + (i + 1) * seconds / count) for i in range(count)]


def play(
    arrivals: list[tuple[float, list[Frame]]],
    until: float,
    buffer: JitterBuffer | None = None,
    delays: list[float] | None = None,
) -> list[int | None]:
    """The number of the frame shown on every tick from 0 to `until`; arrivals are in order of time.

    delays: is given the delay of every tick.
    """
    buffer = buffer or JitterBuffer(TICK)
    waiting = list(arrivals)
    shown: list[int | None] = []
    for tick in range(int(until / TICK)):
        now = tick * TICK
        while waiting and waiting[0][0] <= now:
            buffer.receive(waiting.pop(0)[1], now)
        frame = buffer.frame_at(now)
        shown.append(None if frame is None else frame.number)
        if delays is not None:
            delays.append(buffer.delay)
    return shown


def steady(chunks: int, late: dict[int, float] | None = None) -> list[tuple[float, list[Frame]]]:
    """Chunks of 12 frames at 30 a second, each ready 0.3 s after its last frame was seen, some later still."""
    seconds = 12 * TICK
    return [
        ((i + 1) * seconds + 0.3 + (late or {}).get(i, 0.0), chunk(i * seconds, seconds, 12, 12 * i))
        for i in range(chunks)
    ]


def test_nothing_is_shown_before_the_first_chunk():
    assert JitterBuffer(TICK).frame_at(1.0) is None


def test_frames_that_come_in_chunks_leave_one_on_a_tick():
    shown = play(steady(10), 4.0)
    first = shown.index(0)
    assert shown[first : first + 95] == list(range(95))


def test_a_late_chunk_is_held_for_and_then_played_at_the_same_pace():
    shown = play(steady(12, late={5: 0.25}), 5.0)
    steps = [b - a for a, b in zip(shown, shown[1:], strict=False) if a is not None and b is not None]
    assert max(steps) <= 2, "no burst"
    held = next(i for i in range(len(steps)) if steps[i : i + 5] == [0] * 5)
    assert steps[held : held + 20].count(0) <= 9
    assert shown[-1] is not None


def test_after_a_late_chunk_the_next_equally_late_one_is_not_seen():
    late = {5: 0.25, 8: 0.25}
    shown = play(steady(14, late), 5.8)
    steps = [b - a for a, b in zip(shown, shown[1:], strict=False) if a is not None and b is not None]
    holds = [i for i in range(len(steps) - 2) if steps[i : i + 3] == [0, 0, 0]]
    assert holds, "the first late chunk was waited for"
    assert max(holds) - min(holds) < 10, "only once"


def test_a_slower_engine_is_spread_over_the_ticks_evenly():
    seconds = 1.2  # 12 frames of 1.2 s: ten a second on thirty ticks
    arrivals = [((i + 1) * seconds + 1.0, chunk(i * seconds, seconds, 12, 12 * i)) for i in range(5)]
    shown = play(arrivals, 8.0)
    first, last = shown.index(3), shown.index(50)
    for number in range(4, 50):
        assert 2 <= shown[first:last].count(number) <= 4


def test_a_source_at_24_on_ticks_at_30_repeats_every_fourth_frame():
    seconds = 0.5
    arrivals = [((i + 1) * seconds + 0.2, chunk(i * seconds, seconds, 12, 12 * i)) for i in range(12)]
    shown = [number for number in play(arrivals, 6.0) if number is not None][:120]
    repeats = [a == b for a, b in zip(shown, shown[1:], strict=False)]
    assert 0.15 < sum(repeats) / len(repeats) < 0.25


def test_the_last_frame_is_held_when_no_more_come():
    buffer = JitterBuffer(TICK)
    shown = play(steady(3), 8.0, buffer)
    assert shown[-100:] == [35] * 100
    assert buffer.starved > 100


def test_delay_grows_at_once_and_shrinks_unseen():
    buffer = JitterBuffer(TICK)
    buffer.receive([Frame(PICTURE, 0, 0.0)], 0.5)
    buffer.receive([Frame(PICTURE, 1, 0.5)], 1.4)
    assert buffer.delay == pytest.approx(0.9 + TICK)
    buffer.frame_at(1.5)
    buffer.receive([Frame(PICTURE, 2, 12.0)], 12.3)  # the slow chunk is forgotten by now
    buffer.frame_at(12.5)
    before = buffer.delay
    buffer.frame_at(12.6)
    assert before - buffer.delay == pytest.approx(min(SHRINK * 0.1, before - 0.3 - TICK))


def test_a_long_first_chunk_does_not_delay_the_show_for_minutes():
    buffer = JitterBuffer(TICK)
    buffer.receive([Frame(PICTURE, 0, 0.0)], 5.0)
    for i in range(1, 40):
        buffer.receive([Frame(PICTURE, i, 5.0 + i * 0.4)], 5.3 + i * 0.4)
        buffer.frame_at(5.3 + i * 0.4)
    assert buffer.delay < 1.0


def test_frames_from_before_the_newest_one_are_not_shown():
    buffer = JitterBuffer(TICK)
    buffer.receive([Frame(PICTURE, 5, 5.0)], 5.1)
    buffer.receive([Frame(PICTURE, 6, 4.0)], 5.2)
    assert buffer.waiting == 1


def test_a_queue_that_nobody_empties_stays_bounded():
    buffer = JitterBuffer(TICK)
    buffer.receive([Frame(PICTURE, i, i * 0.01) for i in range(1000)], 0.0)
    assert buffer.waiting <= 128
    assert buffer.skipped == 1000 - buffer.waiting


def with_slow_chunks(monkeypatch: pytest.MonkeyPatch, memory: float, shrink: float) -> tuple[float, float]:
    """Mean seconds of delay, and the share of ticks that repeat a frame, where a chunk of thirty takes longer."""
    monkeypatch.setattr(jitter_buffer, "MEMORY_SECONDS", memory)
    monkeypatch.setattr(jitter_buffer, "SHRINK", shrink)
    buffer, delays = JitterBuffer(TICK), list[float]()
    arrivals = steady(300, late=dict.fromkeys(range(10, 300, 30), 0.2))
    shown = [number for number in play(arrivals, 120.0, buffer, delays) if number is not None][200:]
    return float(np.mean(delays[200:])), sum(a == b for a, b in zip(shown, shown[1:], strict=False)) / len(shown)


def test_a_slow_chunk_costs_latency_for_a_short_time_and_hardly_any_motion(monkeypatch: pytest.MonkeyPatch):
    short, held = with_slow_chunks(monkeypatch, jitter_buffer.MEMORY_SECONDS, jitter_buffer.SHRINK)
    long, _ = with_slow_chunks(monkeypatch, memory=10.0, shrink=0.05)
    assert short < 0.92 * long
    assert held < 0.02
