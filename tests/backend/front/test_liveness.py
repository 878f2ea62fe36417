"""A hang is known from facts: no test here waits."""

from dataclasses import replace

import pytest

from backend.engine.messages import Beat
from backend.front.limits import Limits
from backend.front.liveness import Liveness, NormalTime
from backend.front.process_facts import ProcessFacts

LIMITS = Limits()
IDLE = ProcessFacts(processor=3.0, moved=100, stopped=False, wanting=False, idle=0.0)
BEAT = 0.2


def normal(*seconds: float) -> NormalTime:
    time = NormalTime()
    for each in seconds:
        time.add(each)
    return time


class Life:
    """An engine, looked at five times a second; the time is 0 at its start."""

    def __init__(self, device: str = "cpu", chunks: NormalTime | None = None, warm: bool = True) -> None:
        self.liveness = Liveness(0.0, LIMITS, chunks or normal(2.0), load_limit=60.0)
        self.now, self.facts = 0.0, IDLE
        self.liveness.note_ready(device)
        if warm:
            self.liveness.note_chunk()

    def go_on(
        self, phase: str, seconds: float, *, beats: bool = True, busy: float = 0.0, spare: float = 1.0, **facts: object
    ) -> tuple[float, str]:
        """When, from now on, it is known to hang, and the verdict; (inf, "") if it is not within so many seconds.

        busy: processor time that it spends a second; spare: cores of the machine that are idle.
        """
        began = self.now
        while self.now - began < seconds:
            self.now += BEAT
            self.facts = replace(
                self.facts,
                processor=self.facts.processor + busy * BEAT,
                idle=self.facts.idle + spare * BEAT,
                **facts,
            )
            if beats:
                self.liveness.note_beat(Beat(phase, began), self.now)  # type: ignore[arg-type]
                if phase in ("waiting", "held"):
                    self.liveness.note_turn(self.now)
            if verdict := self.liveness.verdict(self.now, self.facts):
                return self.now - began, verdict
        return float("inf"), ""


def test_a_chunk_in_which_nothing_is_done_is_a_hang_a_second_after_it_is_normally_done():
    seconds, verdict = Life().go_on("chunk", 20.0)
    assert 3.0 <= seconds <= 3.5
    assert "does nothing" in verdict


def test_a_chunk_that_is_worked_at_may_take_ten_times_as_long_as_a_busy_machine_makes_of_it():
    assert Life(chunks=normal(20.0)).go_on("chunk", 199.0, busy=0.1) == (float("inf"), "")


def test_a_chunk_that_is_worked_at_for_ever_is_a_hang_in_the_end():
    seconds, _ = Life().go_on("chunk", 100.0, busy=2.0)
    assert seconds == pytest.approx(LIMITS.chunk, abs=0.5)


def test_an_engine_that_gets_no_processor_time_on_a_full_machine_is_given_some_while():
    seconds, _ = Life().go_on("chunk", 20.0, spare=0.0)
    assert seconds == pytest.approx(LIMITS.starved + 1.0, abs=0.5)


def test_an_engine_that_would_like_to_work_is_no_hang_where_the_system_tells_that():
    assert Life().go_on("chunk", 50.0, wanting=True, spare=1.0)[1] == ""


@pytest.mark.parametrize("phase", ["loading", "waiting", "chunk", "settle", "held"])
def test_a_stopped_engine_is_known_within_a_second_whatever_it_was_at(phase: str):
    life = Life()
    life.go_on(phase, 1.5, busy=1.0)
    seconds, verdict = life.go_on(phase, 5.0, beats=False, stopped=True, spare=0.0)
    assert seconds <= 1.3
    assert verdict == "was stopped from outside"


def test_an_engine_that_neither_beats_nor_works_is_known_long_before_its_chunk_should_be_done():
    life = Life(chunks=normal(30.0))
    life.go_on("chunk", 3.0, busy=1.0)
    seconds, verdict = life.go_on("chunk", 10.0, beats=False)
    assert seconds <= 1.5
    assert "neither speaks" in verdict


def test_an_engine_that_does_not_beat_but_works_is_no_hang():
    life = Life()
    life.go_on("chunk", 1.0, busy=1.0)
    assert life.go_on("chunk", 30.0, beats=False, busy=1.0)[1] == ""


def test_a_graphics_card_may_work_while_the_processor_waits_for_it():
    life = Life(device="cuda:0", chunks=normal(0.4))
    assert life.go_on("chunk", 6.0)[1] == ""
    assert life.go_on("chunk", 10.0)[0] <= 7.0


def test_the_first_chunk_of_all_is_given_more():
    seconds, _ = Life(chunks=NormalTime(), warm=False).go_on("chunk", 30.0)
    assert seconds == pytest.approx(LIMITS.first_slack, abs=0.5)
    assert Life(chunks=NormalTime(), warm=False).go_on("chunk", 250.0, busy=1.0)[1] == ""


def test_waiting_for_a_source_is_no_hang_however_long():
    assert Life().go_on("waiting", 3600.0)[1] == ""


def test_an_engine_that_waits_and_never_asks_for_its_turn_hangs():
    life = Life()
    life.go_on("waiting", 1.0)
    known = float("inf")
    for step in range(100):
        life.now += BEAT
        life.facts = replace(life.facts, idle=life.facts.idle + BEAT)
        life.liveness.note_beat(Beat("waiting", 0.0), life.now)
        if life.liveness.verdict(life.now, life.facts):
            known = step * BEAT
            break
    assert known == pytest.approx(LIMITS.turn, abs=0.5)


def test_while_loading_nothing_done_is_known_in_seconds_and_reading_is_something():
    life = Life(warm=False)
    assert life.go_on("loading", 12.0, beats=False, busy=0.5)[1] == ""
    seconds, verdict = life.go_on("loading", 30.0, beats=False)
    assert seconds == pytest.approx(LIMITS.load_silence, abs=0.5) or seconds < LIMITS.load_silence
    assert "loads its model" in verdict
    reading = Life(warm=False)
    for step in range(200):
        reading.facts = replace(reading.facts, moved=reading.facts.moved + 4096)
        assert reading.go_on("loading", BEAT, beats=False)[1] == "", step


def test_a_load_has_a_hard_limit_although_it_works():
    seconds, verdict = Life(warm=False).go_on("loading", 100.0, busy=1.0)
    assert seconds == pytest.approx(60.0, abs=0.5)
    assert "has not loaded its model in 60 s" in verdict


def test_while_the_front_itself_was_asleep_nothing_is_held_against_the_engine():
    life = Life()
    life.go_on("chunk", 1.0, busy=1.0)
    life.now += 3600.0
    life.facts = replace(life.facts, idle=life.facts.idle + 3600.0)
    assert life.liveness.verdict(life.now, life.facts) == ""
    assert life.go_on("chunk", 2.0)[1] == ""


def test_without_facts_of_the_system_the_hard_limits_remain():
    life = Life()
    verdicts = []
    for _ in range(400):
        life.now += BEAT
        life.liveness.note_beat(Beat("chunk", 0.0), life.now)
        verdicts.append(life.liveness.verdict(life.now, None))
    assert not any(verdicts[:290])
    assert all(verdicts[301:])


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [((), None), ((2.0,), 2.0), ((2.0, 2.5, 2.2), 2.5), ((2.0, 2.5, 40.0, 2.2), 2.5), ((0.1, 9.0, 9.0, 9.0), 9.0)],
)
def test_what_is_normal_is_the_slowest_chunk_that_is_no_outlier(seconds: tuple[float, ...], expected: float | None):
    assert normal(*seconds).seconds == expected
