import pytest

from backend.front.clock_source import ClockSource


def told(clock_source: ClockSource, fps: float, count: int = 60) -> ClockSource:
    for number in range(count):
        clock_source.on_frame(100.0 + number / fps, number)
    return clock_source


def test_a_clip_is_shown_by_its_own_clock_and_a_hosts_frames_by_the_hosts():
    assert told(ClockSource(24.0, lambda: "file:clip.mp4", lambda: "auto"), 60.0).leader == "own"
    for source in ("shm:td", "spout:TD", "touch:td", "ndi:PC (TD)", "syphon:TD"):
        clock_source = told(ClockSource(24.0, lambda source=source: source, lambda: "auto"), 60.0)
        assert clock_source.leader == "source"
        assert clock_source.clock().period == pytest.approx(1 / 60, rel=1e-3)


def test_until_the_host_has_a_rhythm_its_own_clock_goes_on():
    clock_source = ClockSource(24.0, lambda: "shm:td", lambda: "auto")
    assert (clock_source.leader, clock_source.clock().period) == ("own", 1 / 24)
    assert told(clock_source, 60.0, count=4).leader == "own"


def test_ticks_fall_midway_between_the_hosts_frames():
    clock = told(ClockSource(24.0, lambda: "shm:td", lambda: "source"), 50.0).clock()
    assert (clock.next_after(100.5) - 100.0) * 50 % 1 == pytest.approx(0.5, abs=0.01)


def test_the_hosts_ticks_are_followed_where_asked_also_when_most_are_lost():
    clock_source = ClockSource(24.0, lambda: "file:clip.mp4", lambda: "tick")
    for number in range(1, 200, 3):
        clock_source.on_tick(number, 100.0 + number / 60)
    assert clock_source.leader == "tick"
    assert clock_source.clock().period == pytest.approx(1 / 60, rel=1e-3)
    plain = ClockSource(24.0, lambda: "file:clip.mp4", lambda: "tick")
    for number in range(60):
        plain.on_tick(-1, 100.0 + number / 30)
    assert plain.clock().period == pytest.approx(1 / 30, rel=1e-3)
