import pytest

from backend.front.clock_source import Cadence


def told(cadence: Cadence, fps: float, count: int = 60) -> Cadence:
    for number in range(count):
        cadence.on_frame(100.0 + number / fps, number)
    return cadence


def test_a_clip_is_shown_by_its_own_clock_and_a_hosts_frames_by_the_hosts():
    assert told(Cadence(24.0, lambda: "file:clip.mp4", lambda: "auto"), 60.0).leader == "own"
    for source in ("shm:td", "spout:TD", "touch:td", "ndi:PC (TD)", "syphon:TD"):
        cadence = told(Cadence(24.0, lambda source=source: source, lambda: "auto"), 60.0)
        assert cadence.leader == "source"
        assert cadence.rhythm().period == pytest.approx(1 / 60, rel=1e-3)


def test_until_the_host_has_a_rhythm_its_own_clock_goes_on():
    cadence = Cadence(24.0, lambda: "shm:td", lambda: "auto")
    assert (cadence.leader, cadence.rhythm().period) == ("own", 1 / 24)
    assert told(cadence, 60.0, count=4).leader == "own"


def test_ticks_fall_midway_between_the_hosts_frames():
    rhythm = told(Cadence(24.0, lambda: "shm:td", lambda: "source"), 50.0).rhythm()
    assert (rhythm.next_after(100.5) - 100.0) * 50 % 1 == pytest.approx(0.5, abs=0.01)


def test_the_hosts_ticks_are_followed_where_asked_also_when_most_are_lost():
    cadence = Cadence(24.0, lambda: "file:clip.mp4", lambda: "tick")
    for number in range(1, 200, 3):
        cadence.on_tick(number, 100.0 + number / 60)
    assert cadence.leader == "tick"
    assert cadence.rhythm().period == pytest.approx(1 / 60, rel=1e-3)
    plain = Cadence(24.0, lambda: "file:clip.mp4", lambda: "tick")
    for number in range(60):
        plain.on_tick(-1, 100.0 + number / 30)
    assert plain.rhythm().period == pytest.approx(1 / 30, rel=1e-3)
