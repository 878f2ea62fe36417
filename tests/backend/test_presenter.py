from collections.abc import Callable

import numpy as np

from backend.clock import Ticker
from backend.presenter import Panic, Presenter, Screen
from bridge.video.frames import Frame


def frame(value: int, number: int = 0, time: float = 0.0, channels: int = 3) -> Frame:
    return Frame(np.full((4, 6, channels), value, np.uint8), number, time)


def test_the_source_passes_through_until_the_engine_has_made_something():
    screen = Screen(4, 6)
    assert screen.choose(Panic(), None, lambda: frame(7, channels=4)).tolist() == frame(7).pixels.tolist()
    assert screen.choose(Panic(), frame(9), lambda: frame(7)).max() == 9


def test_without_engine_and_source_the_output_is_black_but_there():
    assert Screen(4, 6).choose(Panic(), None, lambda: None).shape == (4, 6, 3)


def test_freeze_holds_what_was_shown_and_lets_go():
    screen = Screen(4, 6)
    screen.choose(Panic(), frame(1), lambda: None)
    assert screen.choose(Panic(freeze=True), frame(2), lambda: None).max() == 1
    assert screen.choose(Panic(freeze=True), frame(3), lambda: None).max() == 1
    assert screen.choose(Panic(), frame(4), lambda: None).max() == 4


def test_bypass_shows_the_source_and_can_be_frozen():
    screen = Screen(4, 6)
    assert screen.choose(Panic(bypass=True), frame(1), lambda: frame(50)).max() == 50
    assert screen.choose(Panic(bypass=True, freeze=True), frame(1), lambda: frame(60)).max() == 50


def test_blackout_comes_before_everything_and_remembers_the_freeze():
    screen = Screen(4, 6)
    screen.choose(Panic(), frame(1), lambda: None)
    assert screen.choose(Panic(True, True, True), frame(2), lambda: frame(3)).max() == 0
    assert screen.choose(Panic(freeze=True), frame(4), lambda: None).max() == 1


def test_a_tick_that_was_missed_is_skipped_not_caught_up():
    ticker = Ticker(fps=10.0, start=100.0)
    assert ticker.next_due(100.0) == 100.0
    assert ticker.next_due(100.01) == 100.1
    late = ticker.next_due(100.57)
    assert (late, ticker.index, ticker.missed) == (100.5, 5, 3)
    assert ticker.next_due(100.58) == 100.6


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


def run(clock: FakeClock, ticks: int, panic: Callable[[], Panic] = Panic) -> tuple[Presenter, list[Frame]]:
    shown: list[Frame] = []
    presenter = Presenter(30.0, (4, 6), list, lambda: frame(1), panic, [shown.append], clock)

    def stop_after(_: Frame) -> None:
        if len(shown) == ticks:
            presenter._stopping.set()

    presenter._show = [shown.append, stop_after]
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
    switches = iter([Panic()] * 5 + [Panic(blackout=True)] * 5 + [Panic()] * 5)
    _, shown = run(FakeClock(), 15, panic=lambda: next(switches))
    assert [int(f.pixels.max()) for f in shown] == [1] * 5 + [0] * 5 + [1] * 5
