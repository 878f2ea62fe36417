import sys
import time

import pytest

from backend.controls.table import TABLE
from backend.steering.quantise import DisplayTime
from backend.steering.tempo import MOST_PRESSED, ShowTempo
from bridge.control.mailbox import Mailbox

from ..waiting import wait_for

LINK_SECONDS = 1.5
"""In which programs that are there find each other."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def desk() -> tuple[Mailbox, ShowTempo, Clock, list[tuple[str, str]]]:
    clock, told = Clock(), []
    mailbox = Mailbox(TABLE, clock)
    return (
        mailbox,
        ShowTempo(TABLE, mailbox, lambda address, reason: told.append((address, reason)), clock),
        clock,
        told,
    )


def test_the_tempo_is_set_or_tapped_and_controllers_see_what_was_tapped():
    mailbox, beat, clock, _ = desk()
    mailbox.set("/vace/tempo", 90)
    assert beat.tempo.bpm == pytest.approx(90)
    for _ in range(4):
        clock.now += 0.5
        mailbox.set("/vace/tempo/tap", 1)
        mailbox.set("/vace/tempo/tap", 0)
    assert beat.tempo.bpm == pytest.approx(120)
    assert mailbox.get("/vace/tempo") == pytest.approx(120)
    assert beat.status(102.0)["beat"] == 4.0
    clock.now = 102.25
    mailbox.set("/vace/tempo/downbeat", 1)
    assert beat.status(102.25)["beat"] == 1.0


def play_clock(beat: ShowTempo, clock: Clock, bpm: float, beats: int) -> None:
    """A MIDI clock's pulses from now on."""
    for _ in range(24 * beats):
        beat.midi.pulse(clock.now)
        clock.now += 60 / bpm / 24


def test_a_midi_clock_is_followed():
    mailbox, beat, clock, told = desk()
    mailbox.set("/vace/tempo/source", "midi")
    beat.midi.start()
    play_clock(beat, clock, 140.03, 8)
    beat.update()
    assert mailbox.get("/vace/tempo") == 140.0
    assert beat.tempo.bpm == pytest.approx(140.03, rel=1e-4), "and its rounded value does not come back as a new tempo"
    assert beat.tempo.beats_at(clock.now) == pytest.approx(8.0, abs=0.01)
    assert beat.status(clock.now)["tempo_source"] == "midi"
    assert not told


def test_without_a_midi_clock_or_when_it_ends_it_is_said_once_and_the_beat_goes_on_and_can_be_set():
    mailbox, beat, clock, told = desk()
    mailbox.set("/vace/tempo/source", "midi")
    for _ in range(3):
        beat.update()
    assert mailbox.get("/vace/tempo") == 120, "nothing is heard yet"
    assert [address for address, _ in told] == ["/vace/tempo/source"]
    assert "--midi" in told[0][1]
    beat.midi.start()
    play_clock(beat, clock, 140, 8)
    beat.update()
    clock.now += 2.0
    for _ in range(3):
        beat.update()
    assert len(told) == 2
    assert beat.status(clock.now)["tempo_source"] == "own"
    assert beat.tempo.bpm == pytest.approx(140, rel=1e-3)
    assert beat.tempo.beats_at(clock.now) == pytest.approx(8 + 2.0 * 140 / 60, abs=0.02)
    mailbox.set("/vace/tempo", 90)
    beat.update()
    assert beat.tempo.bpm == pytest.approx(90), "what is set stays"


def test_a_tempo_that_differs_by_little_is_taken_as_it_is():
    mailbox, beat, _, _ = desk()
    mailbox.set("/vace/tempo", 120.04)
    assert beat.tempo.bpm == pytest.approx(120.04)


def test_a_downbeat_by_hand_counts_the_bars_of_a_midi_clock_from_its_nearest_beat():
    mailbox, beat, clock, _ = desk()
    mailbox.set("/vace/tempo/source", "midi")
    play_clock(beat, clock, 120, 6)
    beat.update()
    clock.now += 0.04
    mailbox.set("/vace/tempo/downbeat", 1)
    beat.update()
    assert beat.tempo.beats_at(clock.now) == pytest.approx(0.08, abs=0.02)


@pytest.mark.parametrize("address", ["/vace/reset", "/vace/anchor"])
def test_a_reset_or_an_anchor_waits_for_the_bar_and_happens_once(address):
    mailbox, beat, clock, _ = desk()
    mailbox.set("/vace/tempo/quantise", "bar")
    mailbox.set("/vace/tempo/downbeat", 1)
    clock.now = 100.3
    mailbox.set(address, 1)
    happens = [beat.values_for(DisplayTime(start, start + 0.5))[1] for start in (101.0, 101.5, 102.0, 102.5)]
    assert happens == [set(), set(), {address}, set()]
    assert beat.status(103.0)["waiting_for_the_beat"] == 0


def test_presses_that_no_engine_takes_do_not_grow_without_end():
    mailbox, beat, clock, _ = desk()
    for value in (1, 0) * 500:
        mailbox.set("/vace/anchor", value)
    assert beat.status(clock.now)["waiting_for_the_beat"] == MOST_PRESSED


def test_a_prompt_waits_while_everyone_sees_it_and_a_switch_does_not():
    mailbox, beat, clock, _ = desk()
    mailbox.set_all([("/vace/tempo/quantise", "bar"), ("/vace/tempo/downbeat", 1)])
    beat.values_for(DisplayTime(100.0, 100.5))
    clock.now = 100.6
    mailbox.set_all([("/vace/prompt", "ice"), ("/vace/freeze", 1)])
    values, _ = beat.values_for(DisplayTime(101.0, 101.5))
    assert values["/vace/prompt"] != "ice"
    assert values["/vace/freeze"] is True
    assert mailbox.get("/vace/prompt") == "ice"
    assert beat.status(101.0)["waiting_for_the_beat"] == 1
    assert beat.values_for(DisplayTime(101.9, 102.4))[0]["/vace/prompt"] == "ice"


def test_without_the_package_link_is_refused_with_what_to_do_and_the_own_beat_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "aalink", None)
    mailbox, _, _, told = desk()
    mailbox.set("/vace/tempo/source", "link")
    assert mailbox.get("/vace/tempo/source") == "own"
    assert told[0][0] == "/vace/tempo/source"
    assert "python start.py pip install aalink" in told[0][1]


def test_two_programs_on_link_share_tempo_and_beat():
    mine, my_beat, *_ = desk()
    mine.set("/vace/tempo/source", "link")
    link = my_beat._link
    assert link is not None
    end = time.monotonic() + LINK_SECONDS
    while time.monotonic() < end and not link.peers:
        time.sleep(0.05)
    if link.peers:
        my_beat.close()
        pytest.skip("other programs share a Link session on this network, whose tempo this would change")
    other, other_beat, *_ = desk()
    other.set("/vace/tempo/source", "link")
    wait_for(lambda: link.peers, "the other one")

    def agreed() -> bool:
        mine.set("/vace/tempo", 97)
        my_beat.update()
        other_beat.update()
        return other.get("/vace/tempo") == pytest.approx(97, abs=0.1)

    wait_for(agreed, "the same tempo")
    now = time.monotonic()
    assert my_beat.tempo.beats_at(now) % 1 == pytest.approx(other_beat.tempo.beats_at(now) % 1, abs=0.05)
    my_beat.close()
    other_beat.close()
