import random

import pytest

from bridge.clock_recovery import PeriodicClock
from bridge.control.tempo.tempo import FASTEST, MidiClock, Tempo


def test_beats_and_bars_are_counted_from_the_downbeat():
    tempo = Tempo(120.0, now=10.0)
    assert tempo.beats_at(11.25) == pytest.approx(2.5)
    assert tempo.next_grid(11.25, 1) == pytest.approx(11.5)
    assert tempo.next_grid(11.25, 4) == pytest.approx(12.0)
    assert tempo.next_grid(12.0, 4) == pytest.approx(14.0), "later than, not at"
    tempo.downbeat(12.3)
    assert tempo.next_grid(12.4, 4) == pytest.approx(14.3)


def test_another_tempo_goes_on_from_where_the_beat_is():
    tempo = Tempo(120.0, now=0.0)
    tempo.set(60.0, now=3.25)
    assert tempo.bpm == pytest.approx(60.0)
    assert tempo.beats_at(3.25) == pytest.approx(6.5)
    assert tempo.next_grid(3.25, 1) == pytest.approx(3.75)
    tempo.set(9000.0, now=4.0)
    assert tempo.bpm == pytest.approx(FASTEST)


@pytest.mark.parametrize("bpm", [62.0, 100.0, 128.0, 174.0])
def test_taps_tell_the_tempo_and_the_beat(bpm: float):
    tempo, chance = Tempo(120.0, now=0.0), random.Random(1)
    moments = [5.0 + 60 / bpm * i + chance.uniform(-0.012, 0.012) for i in range(8)]
    new = [tempo.tap(moment) for moment in moments]
    assert new == [False, False] + [True] * 6
    assert tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert tempo.beats_at(moments[-1]) % 4 == pytest.approx(3.0, abs=0.01), "the first tap was the one"


def test_after_a_silence_or_out_of_time_a_tap_begins_anew():
    tempo = Tempo(120.0, now=0.0)
    for moment in (1.0, 1.5, 2.0, 2.5):
        tempo.tap(moment)
    assert tempo.tap(60.0) is False
    assert tempo.bpm == pytest.approx(120.0), "the tempo is kept meanwhile"
    for moment in (60.4, 60.8, 61.2):
        tempo.tap(moment)
    assert tempo.bpm == pytest.approx(150.0)
    assert tempo.tap(61.35) is False


def test_two_taps_at_one_moment_do_no_harm():
    tempo = Tempo(120.0, now=0.0)
    for moment in (1.0, 1.0, 1.0, 0.5, 1.0):
        tempo.tap(moment)
    assert 20 <= tempo.bpm <= 300


def test_a_midi_clock_gives_beats_from_its_start():
    clock, chance = MidiClock(), random.Random(2)
    assert clock.beat(50.0) is None
    clock.start()
    for pulse in range(24 * 9):
        clock.pulse(50.0 + pulse * 60 / 126 / 24 + chance.uniform(0, 0.003))
    beat = clock.beat(50.0 + 24 * 9 * 60 / 126 / 24)
    assert beat is not None
    assert 60 / beat.period == pytest.approx(126, rel=0.01)
    assert (50.0 - beat.phase) / beat.period == pytest.approx(0.0, abs=0.05)
    assert clock.running


def test_stop_continue_and_song_position_keep_the_count():
    clock = MidiClock()
    clock.locate(64)  # sixteen beats in
    clock.go_on()
    for pulse in range(240):
        clock.pulse(10.0 + pulse / 48)
    beat = clock.beat(15.0)
    assert beat is not None
    assert (10.0 - beat.phase) / beat.period == pytest.approx(16.0, abs=0.05)
    clock.stop()
    assert not clock.running
    assert clock.beat(15.0) == beat


def pulses(clock: MidiClock, start: float, bpm: float, count: int) -> float:
    """So many pulses of a clock; returns when the next one would come."""
    for pulse in range(count):
        clock.pulse(start + pulse * 60 / bpm / 24)
    return start + count * 60 / bpm / 24


def place(clock: MidiClock, now: float) -> float:
    """Beats since the downbeat."""
    beat = clock.beat(now)
    assert beat is not None
    return (now - beat.phase) / beat.period


def test_a_midi_clock_that_has_ended_gives_no_beat_until_it_is_there_again():
    clock = MidiClock()
    end = pulses(clock, 10.0, 120.0, 48)
    assert clock.beat(end + 0.5) is not None
    assert clock.beat(end + 2.0) is None


def test_after_a_pause_the_beat_is_right_from_the_first_pulse():
    clock = MidiClock()
    pulses(clock, 10.0, 120.0, 30)
    clock.start()
    for count in range(1, 40):
        again = pulses(clock, 100.007 + (count - 1) / 48, 120.0, 1)
        assert place(clock, again) == pytest.approx(count / 24, abs=0.5 / 24), f"after {count} pulses"


def test_of_two_senders_the_first_leads_until_its_clock_ends():
    clock = MidiClock()
    assert clock.led_by("desk", 10.0)
    end = pulses(clock, 10.0, 120.0, 48)
    assert not clock.led_by("laptop", end)
    assert clock.led_by("desk", end)
    assert clock.led_by("laptop", end + 2.0)


def test_a_song_that_changes_its_tempo_keeps_its_beats():
    clock = MidiClock()
    clock.start()
    change = pulses(clock, 10.0, 120.0, 96)
    assert place(clock, change) == pytest.approx(4.0, abs=0.02)
    end = pulses(clock, change, 150.0, 96)
    assert place(clock, end) == pytest.approx(8.0, abs=0.05)
    assert 60 / clock.beat(end).period == pytest.approx(150.0, rel=0.02)  # type: ignore[union-attr]


def test_a_downbeat_by_hand_keeps_the_beats_of_the_midi_clock_and_names_the_nearest_the_first():
    clock = MidiClock()
    clock.downbeat(9.0)
    end = pulses(clock, 10.0, 120.0, 24 * 5 + 7)
    clock.downbeat(12.06)
    assert place(clock, 12.0) == pytest.approx(0.0, abs=0.02)
    assert place(clock, end) == pytest.approx((end - 12.0) * 2, abs=0.02)


def test_a_tempo_follows_beats_from_outside():
    tempo = Tempo(120.0, now=0.0)
    tempo.track(PeriodicClock(0.4, 7.0))
    assert tempo.bpm == pytest.approx(150.0)
    assert tempo.next_grid(7.1, 4) == pytest.approx(8.6)
