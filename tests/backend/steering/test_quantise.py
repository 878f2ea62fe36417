import random

import pytest

from backend.steering.quantise import DisplayTime, Quantiser, Window
from bridge.control.mailbox import Change
from bridge.control.parameters import Control, ControlTable
from bridge.control.tempo.tempo import Tempo

TABLE = ControlTable(
    [
        Control("/t/prompt", "string", "gold", ""),
        Control("/t/scale", "float", 1.0, "", low=0.0, high=2.0),
        Control("/t/freeze", "bool", False, "", acts="at once"),
        Control("/t/go", "int", 0, "", event=True),
    ]
)
CHUNK = 0.4


def values(prompt: str = "gold", scale: float = 1.0, freeze: bool = False) -> dict:
    return {"/t/prompt": prompt, "/t/scale": scale, "/t/freeze": freeze}


def shown_from(start: float) -> DisplayTime:
    return DisplayTime(start, start + CHUNK)


def play(grid: str, asked: float, latency: float = 1.0, bar: int = 4, bpm: float = 120.0) -> tuple[float, float]:
    """A prompt that changes at `asked`: when it is first shown, and the beats between two grid points. The downbeat
    is at 0; a chunk is asked for when the input that it shows is there."""
    quantiser = Quantiser(TABLE, Tempo(bpm, now=0.0))
    now = 0.13
    while True:
        changed = now >= asked
        changes = {"/t/prompt": Change("ice", None, asked, 1)} if changed else {}
        window = quantiser.window(grid, bar, shown_from(now + latency))
        if quantiser.values_for(values("ice" if changed else "gold"), changes, window)["/t/prompt"] == "ice":
            return now + latency, {"off": 0, "beat": 1, "bar": bar, "2 bars": 2 * bar, "4 bars": 4 * bar}[grid]
        now += CHUNK


def step(quantiser: Quantiser, wanted: dict, changes: dict, start: float) -> dict:
    """One chunk that is shown from `start`, with a grid of bars."""
    return quantiser.values_for(wanted, changes, quantiser.window("bar", 4, shown_from(start)))


@pytest.mark.parametrize("latency", [0.3, 1.0, 2.7])
@pytest.mark.parametrize("grid", ["beat", "bar", "2 bars", "4 bars"])
@pytest.mark.parametrize("asked", [0.5, 1.31, 2.0, 3.7, 3.99])
def test_a_change_shows_within_half_a_chunk_of_the_first_grid_point_that_it_can_reach(
    grid: str, asked: float, latency: float
):
    shown, beats = play(grid, asked, latency)
    seconds = beats * 0.5
    point = round(shown / seconds) * seconds
    assert abs(shown - point) <= CHUNK / 2 + 1e-6
    assert point > asked
    sooner = point - seconds
    assert sooner <= asked or sooner < asked + latency + CHUNK / 2, "and no earlier one could have been reached"


def test_no_grid_point_is_missed_and_none_counts_twice_while_the_latency_wanders():
    chance, quantiser = random.Random(4), Quantiser(TABLE, Tempo(120.0, now=0.0))
    start, points = 10.0, []
    for _ in range(400):
        window = quantiser.window("beat", 4, shown_from(start + chance.choice([0.0, 0.0, 0.0, 0.7])))
        moment = window.start
        while quantiser.is_due(moment, Window(moment, window.end, 1)):
            moment = quantiser._tempo.next_grid(moment, 1)
            points.append(moment)
        start += CHUNK
    assert points == pytest.approx([points[0] + i / 2 for i in range(len(points))])
    assert points[-1] == pytest.approx(start, abs=1.5)


def test_a_fader_that_never_rests_is_taken_once_a_bar():
    quantiser = Quantiser(TABLE, Tempo(120.0, now=0.0))
    now, taken = 0.13, {1.0}
    for count in range(100):
        now += CHUNK
        scale = count / 100
        changes = {"/t/scale": Change(scale, None, now - 0.001, count)}
        taken.add(step(quantiser, values(scale=scale), changes, now + 0.25)["/t/scale"])
    assert len(taken) - 1 == pytest.approx(100 * CHUNK / 2, abs=2)


def test_without_a_grid_nothing_waits():
    shown, _ = play("off", asked=1.0, latency=1.0)
    assert shown <= 1.0 + 1.0 + CHUNK


def test_what_acts_at_once_is_never_held_back_and_others_wait_each_for_its_own_beat():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    step(quantiser, values(), {}, 0.3)
    changes = {"/t/prompt": Change("ice", None, 0.5, 1), "/t/scale": Change(0.2, None, 4.5, 2)}
    wanted = values("ice", 0.2, freeze=True)
    assert step(quantiser, wanted, changes, 3.5) == values("gold", 1.0, True)
    assert quantiser.pending == 2
    assert step(quantiser, wanted, changes, 3.9) == values("ice", 1.0, True)
    assert step(quantiser, wanted, changes, 7.9) == wanted
    assert quantiser.pending == 0


def test_a_newer_change_takes_the_place_of_one_that_waits_and_one_taken_back_never_shows():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    step(quantiser, values(), {}, 0.3)
    first = {"/t/prompt": Change("ice", None, 0.5, 1)}
    assert step(quantiser, values("ice"), first, 2.0) == values()
    newer = {"/t/prompt": Change("lava", None, 2.0, 2)}
    assert step(quantiser, values("lava"), newer, 3.9) == values("lava")
    for wanted, when in (("ice", 5.0), ("lava", 5.5)):
        assert step(quantiser, values(wanted), {"/t/prompt": Change(wanted, None, when, 3)}, 6.0) == values("lava")
    assert quantiser.pending == 0


def test_a_grid_that_is_turned_off_lets_go_what_waits():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    step(quantiser, values(), {}, 0.3)
    changes = {"/t/prompt": Change("ice", None, 0.5, 1)}
    assert step(quantiser, values("ice"), changes, 0.7) == values()
    assert quantiser.values_for(values("ice"), changes, quantiser.window("off", 4, shown_from(1.1))) == values("ice")
    assert quantiser.pending == 0


def test_the_first_values_are_there_at_once():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    assert step(quantiser, values("ice"), {"/t/prompt": Change("ice", None, 0.5, 1)}, 0.6) == values("ice")
