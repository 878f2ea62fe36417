from collections.abc import Callable

import numpy as np
import pytest

from backend.front.clock import Ticker
from backend.front.presenter import OutputSelector, OutputSettings, Presenter
from bridge.clock_recovery import PeriodicClock
from bridge.video.frames import Frame


def frame(value: int, number: int = 0, time: float = 0.0, channels: int = 3) -> Frame:
    return Frame(np.full((4, 6, channels), value, np.uint8), number, time)


def test_the_source_passes_through_until_the_engine_has_made_something():
    selector = OutputSelector(4, 6)
    assert (
        selector.choose(OutputSettings(), None, 0.0, lambda: frame(7, channels=4)).tolist() == frame(7).pixels.tolist()
    )
    assert selector.choose(OutputSettings(), frame(9).pixels, 0.0, lambda: frame(7)).max() == 9


def test_without_engine_and_source_the_output_is_black_but_there():
    assert OutputSelector(4, 6).choose(OutputSettings(), None, 0.0, lambda: None).shape == (4, 6, 3)


def test_freeze_holds_what_was_shown_and_lets_go():
    selector = OutputSelector(4, 6)
    selector.choose(OutputSettings(), frame(1).pixels, 0.0, lambda: None)
    assert selector.choose(OutputSettings(freeze=True), frame(2).pixels, 0.0, lambda: None).max() == 1
    assert selector.choose(OutputSettings(freeze=True), frame(3).pixels, 0.0, lambda: None).max() == 1
    assert selector.choose(OutputSettings(), frame(4).pixels, 0.0, lambda: None).max() == 4


def test_bypass_shows_the_source_and_can_be_frozen():
    selector = OutputSelector(4, 6)
    assert selector.choose(OutputSettings(bypass=True), frame(1).pixels, 0.0, lambda: frame(50)).max() == 50
    assert (
        selector.choose(OutputSettings(bypass=True, freeze=True), frame(1).pixels, 0.0, lambda: frame(60)).max() == 50
    )


def test_blackout_comes_before_everything_and_remembers_the_freeze():
    selector = OutputSelector(4, 6)
    selector.choose(OutputSettings(), frame(1).pixels, 0.0, lambda: None)
    assert selector.choose(OutputSettings(True, True, True), frame(2).pixels, 0.0, lambda: frame(3)).max() == 0
    assert selector.choose(OutputSettings(freeze=True), frame(4).pixels, 0.0, lambda: None).max() == 1


def test_a_tick_that_was_missed_is_skipped_not_caught_up():
    ticker, periodic = Ticker(), PeriodicClock(0.1, 100.0)
    assert ticker.next_due(100.0, periodic) == pytest.approx(100.0)
    assert ticker.next_due(100.01, periodic) == pytest.approx(100.1)
    late = ticker.next_due(100.57, periodic)
    assert (late, ticker.index, ticker.missed) == (pytest.approx(100.5), 5, 3)
    assert ticker.next_due(100.58, periodic) == pytest.approx(100.6)


class FakeClock:
    """Time that moves when it is waited for, and wakes up late where told to."""

    def __init__(self, late: dict[int, float] | None = None) -> None:
        self.time = 50.0
        self.waits = 0
        self.late = late or {}

    def now(self) -> float:
        return self.time

    def wait_until(self, when: float) -> None:
        self.waits += 1
        self.time = max(self.time, when) + self.late.get(self.waits, 0.0)


def run(
    clock: FakeClock, ticks: int, settings: Callable[[], OutputSettings] = OutputSettings
) -> tuple[Presenter, list[Frame]]:
    shown: list[Frame] = []
    periodic = PeriodicClock(1 / 30, clock.time)
    presenter = Presenter(
        (4, 6), lambda: periodic, list, lambda: frame(1), lambda _: None, settings, [shown.append], clock
    )

    def stop_after(_: Frame) -> None:
        if len(shown) == ticks:
            presenter._thread.stopping.set()

    presenter._send = [shown.append, stop_after]
    presenter._run()
    return presenter, shown


def test_every_tick_has_its_frame_at_its_time():
    presenter, shown = run(FakeClock(), 60)
    assert [f.number for f in shown] == list(range(60))
    assert np.allclose(np.diff([f.time for f in shown]), 1 / 30)
    assert presenter.status(60.0).tick_error_ms.largest < 1e-6


def test_a_stall_of_the_machine_is_counted_and_no_burst_follows():
    presenter, shown = run(FakeClock(late={10: 0.35}), 40)
    assert presenter.status(60.0).missed == 9
    assert min(np.diff([f.time for f in shown])) > 0.99 / 30


def test_a_switch_acts_on_the_next_tick():
    switches = iter([OutputSettings()] * 5 + [OutputSettings(blackout=True)] * 5 + [OutputSettings()] * 5)
    _, shown = run(FakeClock(), 15, settings=lambda: next(switches))
    assert [int(f.pixels.max()) for f in shown] == [1] * 5 + [0] * 5 + [1] * 5


def test_an_engine_that_stalls_is_stood_in_for_by_the_source_and_comes_back():
    selector, black = OutputSelector(4, 6), OutputSettings(stall="black")
    picture = frame(100).pixels
    assert selector.choose(OutputSettings(), picture, 1.0, lambda: frame(7)).max() == 100, "hold is the default"
    assert selector.choose(OutputSettings(stall="source"), picture, 1.0, lambda: frame(7)).max() == 7
    assert selector.choose(black, picture, 0.5, lambda: None).max() == 50
    assert selector.choose(black, picture, 0.0, lambda: None).max() == 100


def presented(settings: OutputSettings, arrivals: dict[int, list[Frame]], ticks: int, seen=lambda number: None):
    """A presenter at 10 Hz from 50.0 s on, given frames at certain ticks; its status at the end, and what it showed."""
    periodic, shown = PeriodicClock(0.1, 50.0), []
    presenter = Presenter((4, 6), lambda: periodic, list, lambda: frame(7), seen, lambda: settings, [shown.append])
    for tick in range(ticks):
        presenter._clock = At(50.0 + tick / 10)
        presenter._arrived = lambda tick=tick: arrivals.get(tick, [])
        presenter.tick(50.0 + tick / 10, tick, periodic.period)
    presenter._interpolator.close()
    return presenter.status(50.0 + ticks / 10), [int(f.pixels.max()) for f in shown]


class At:
    """A clock that stands."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    def wait_until(self, when: float) -> None:
        pass


def test_after_a_second_without_frames_the_stand_in_is_faded_in():
    _, shown = presented(OutputSettings(stall="black"), {1: [frame(200, 0, 50.0)]}, 40)
    assert shown[:3] == [7, 7, 200], "the source until the first frame"
    assert shown[10] == 200
    fade = [value for value in shown if 0 < value < 200]
    assert len(set(fade) - {7}) >= 3
    assert shown[-1] == 0


def test_latency_is_counted_from_when_the_input_frame_was_seen():
    made = [Frame(np.zeros((4, 6, 3), np.uint8), 0, 50.3, source_number=12)]
    status, _ = presented(OutputSettings(), {5: made}, 8, seen={12: 50.1}.get)
    assert status.latency == pytest.approx(0.6), "from 50.1 to the last tick at 50.7"


def test_a_latency_that_is_asked_for_is_kept_and_one_that_cannot_be_is_as_short_as_can_be():
    frames = {tick: [frame(tick, tick, 50.0 + (tick - 2) / 10)] for tick in range(2, 60)}
    for asked, kept in ((0.8, 0.8), (0.0, 0.3), (0.1, 0.3)):
        status, shown = presented(OutputSettings(latency=asked), frames, 60)
        assert status.delay == pytest.approx(kept, abs=0.01)
        assert 59 - shown[-1] == pytest.approx(10 * kept - 2, abs=1)


def test_blending_shows_something_new_on_every_tick_between_two_frames():
    frames = {tick: [frame(2 * tick, tick, 50.0 + (tick - 4) / 10)] for tick in range(4, 60, 4)}
    _, held = presented(OutputSettings(between="hold"), frames, 50)
    _, blended = presented(OutputSettings(between="blend"), frames, 50)
    assert len(set(held[30:42])) <= 4
    steps = np.diff(blended[30:46])
    assert steps.tolist() == [2] * 15, "a ramp, across the borders of frames"


def test_how_evenly_new_frames_come_is_measured():
    frames = {tick: [frame(tick, tick, 50.0 + tick / 10)] for tick in range(0, 60, 3)}
    status, _ = presented(OutputSettings(), frames, 60)
    assert status.distinct_fps == pytest.approx(10 / 3, rel=0.1)
    assert (status.distinct_ms.median, status.distinct_ms.largest) == (pytest.approx(300), pytest.approx(300))


PERIODIC = PeriodicClock(0.1, 0.0)
AT_ONCE = FakeClock()
AT_ONCE.time = 0.0


def ticks(presenter: Presenter, count: int) -> None:
    for number in range(count):
        presenter.tick(1.0 + 0.1 * number, number, 0.1)


class Failing:
    """Calls that raise as often as they are told to, then do what they did before."""

    def __init__(self, call: Callable, times: int) -> None:
        self.call, self.left = call, times

    def __call__(self, *arguments):
        if self.left:
            self.left -= 1
            raise RuntimeError("data that nobody thought of")
        return self.call(*arguments)


@pytest.mark.faults
@pytest.mark.parametrize("part", ["arrived", "source", "captured_at", "settings", "send"])
def test_whatever_part_fails_every_tick_has_its_frame(part):
    shown: list[Frame] = []
    parts: dict[str, Callable] = {
        "arrived": lambda: [frame(9, number=0, time=0.0)],
        "source": lambda: frame(7),
        "captured_at": lambda number: 0.0,
        "settings": lambda: OutputSettings(bypass=part == "source"),
    }
    failing_send = Failing(shown.append, 3 if part == "send" else 0)
    if part != "send":
        parts[part] = Failing(parts[part], 3)
    other: list[Frame] = []
    ticks(Presenter((4, 6), lambda: PERIODIC, send=[failing_send, other.append], clock=AT_ONCE, **parts), 6)
    assert [each.number for each in other] == list(range(6))
    assert len(shown) == (3 if part == "send" else 6)
    assert shown[-1].pixels.max() == (7 if part == "source" else 9)
    assert all(each.pixels.shape == (4, 6, 3) for each in other)


@pytest.mark.faults
def test_an_engine_frame_that_cannot_be_shown_leaves_the_one_before():
    shown: list[Frame] = []
    arrivals = iter([[frame(9, number=0, time=0.0)], [None], [None]])
    presenter = Presenter(
        (4, 6),
        lambda: PERIODIC,
        arrived=lambda: next(arrivals, []),  # type: ignore[arg-type]
        source=lambda: frame(7),
        captured_at=lambda number: None,
        settings=OutputSettings,
        send=[shown.append],
        clock=AT_ONCE,
    )
    ticks(presenter, 4)
    assert [int(each.pixels.max()) for each in shown] == [9, 9, 9, 9]
