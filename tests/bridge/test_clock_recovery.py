import random

import pytest

from backend.front.clock import Ticker
from bridge.clock_recovery import PAUSE_SECONDS, ClockRecovery, PeriodicClock


def arrivals(fps: float, seconds: float, start: float = 10.0, jitter: float = 0.0, drops: float = 0.0, seed: int = 1):
    """(moment, number) of a host's frames: each late or early by up to `jitter` periods, some of them lost."""
    chance = random.Random(seed)
    for number in range(int(seconds * fps)):
        if chance.random() >= drops:
            yield start + (number + jitter * chance.uniform(-0.5, 0.5)) / fps, number


def followed(clock: ClockRecovery, frames, numbered: bool = False) -> PeriodicClock:
    for when, number in frames:
        clock.observe(when, number if numbered else None)
    assert clock.clock is not None
    return clock.clock


def off_beat(clock: PeriodicClock, moment: float) -> float:
    """How far a moment lies from the clock's nearest one, in periods."""
    steps = (moment - clock.phase) / clock.period
    return abs(steps - round(steps))


@pytest.mark.parametrize("fps", [15, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 72, 90, 120])
def test_a_steady_host_is_followed_exactly(fps: float):
    clock = followed(ClockRecovery(15.0, 120.0), arrivals(fps, 4.0))
    assert clock.period == pytest.approx(1 / fps, rel=1e-6)
    assert off_beat(clock, 10.0) < 1e-3


@pytest.mark.parametrize("fps", [15, 30, 60, 120])
@pytest.mark.parametrize("seed", range(12))
def test_jitter_and_lost_frames_hardly_move_it(fps: float, seed: int):
    clock = followed(ClockRecovery(15.0, 120.0), arrivals(fps, 12.0, jitter=0.4, drops=0.1, seed=seed))
    assert clock.period == pytest.approx(1 / fps, rel=0.03)
    assert off_beat(clock, 10.0 + round(12 * fps) / fps) < 0.25


def test_a_host_that_loses_most_frames_is_followed_by_its_numbers():
    clock = followed(ClockRecovery(15.0, 120.0), arrivals(60, 8.0, drops=0.7), numbered=True)
    assert clock.period == pytest.approx(1 / 60, rel=1e-3)


def test_frames_that_come_in_pairs_count_as_their_mean_rate():
    moments = [(10.0 + (number - number % 2) / 30, number) for number in range(120)]
    assert followed(ClockRecovery(15.0, 120.0), moments).period == pytest.approx(1 / 30, rel=0.05)


def test_another_rate_is_followed_within_a_second():
    recovery = ClockRecovery(15.0, 120.0)
    followed(recovery, arrivals(60, 3.0, start=10.0))
    clock = followed(recovery, arrivals(25, 1.0, start=13.0))
    assert clock.period == pytest.approx(1 / 25, rel=0.01)
    assert recovery.changes == 1
    assert followed(recovery, arrivals(24, 4.0, start=14.0)).period == pytest.approx(1 / 24, rel=0.002)


def test_a_pause_of_a_minute_keeps_the_rhythm_and_the_host_is_met_again_after_it():
    clock = ClockRecovery(15.0, 120.0)
    before = followed(clock, arrivals(30, 3.0))
    clock.observe(73.011)
    assert clock.clock == before, "one frame after a pause says nothing yet"
    after = followed(clock, arrivals(30, 4.0, start=73.011 + 1 / 30))
    assert after.period == pytest.approx(before.period, rel=0.002)
    assert off_beat(after, 73.011) < 0.05


@pytest.mark.parametrize("fps", [5, 300])
def test_a_rate_that_no_host_has_is_not_followed(fps: float):
    clock = ClockRecovery(15.0, 120.0)
    for when, _ in arrivals(fps, 4.0):
        clock.observe(when)
    assert clock.clock is None


def test_clocks_that_run_backwards_do_no_harm():
    clock = ClockRecovery(15.0, 120.0)
    followed(clock, arrivals(30, 2.0))
    clock.observe(3.0)
    clock.observe(3.0, -5)
    assert clock.clock is not None
    assert clock.clock.period == pytest.approx(1 / 30, rel=0.01)


def test_ticks_follow_a_moving_rhythm_without_doubling_or_leaving_one_out():
    chance, ticker, clock = random.Random(3), Ticker(), ClockRecovery(15.0, 120.0)
    own, due, ticks = PeriodicClock(1 / 24, 0.0), 0.0, []
    host = [f for fps, start in ((60, 0.0), (50, 10.0), (30, 20.0)) for f in arrivals(fps, 10.0, start, 0.4, 0.05)]
    for when, _ in sorted(host):
        clock.observe(when)
        while due < when:
            due = ticker.next_due(due + chance.uniform(0, 0.002), clock.clock or own)
            ticks.append(due)
    gaps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
    assert min(gaps) > 0.4 / 60
    assert max(gaps) < 1.6 / 24
    for start, fps in ((2.0, 60), (12.0, 50), (22.0, 30)):
        assert sum(start < tick <= start + 7 for tick in ticks) == pytest.approx(7 * fps, abs=4)
    assert ticker.missed == 0


def test_a_pause_is_longer_than_a_slow_hosts_frame():
    assert PAUSE_SECONDS > 4 / 15
