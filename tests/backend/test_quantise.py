import pytest

from backend.quantise import Quantiser, Shown
from bridge.control.mailbox import Change
from bridge.control.parameters import Control, ControlTable
from bridge.control.tempo import Tempo

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


def shown_from(start: float) -> Shown:
    return Shown(start, start + CHUNK)


def play(grid: str, asked: float, latency: float = 1.0, bar: int = 4, bpm: float = 120.0) -> tuple[float, float]:
    """A prompt that changes at `asked`: when it is first shown, and its grid point. The downbeat is at 0."""
    tempo = Tempo(bpm, now=0.0)
    quantiser = Quantiser(TABLE, tempo)
    now = 0.13
    while True:
        changed = now >= asked
        changes = {"/t/prompt": Change("ice", None, asked, 1)} if changed else {}
        shown = shown_from(now + latency)
        made = quantiser.latch(values("ice" if changed else "gold"), changes, grid, bar, shown)
        if made["/t/prompt"] == "ice":
            beats = {"off": 0, "beat": 1, "bar": bar, "2 bars": 2 * bar, "4 bars": 4 * bar}[grid]
            return shown.start, tempo.next_grid(asked, beats) if beats else asked
        now += CHUNK


@pytest.mark.parametrize("grid", ["beat", "bar", "2 bars", "4 bars"])
@pytest.mark.parametrize("asked", [0.5, 1.31, 2.0, 3.99])
def test_a_change_shows_within_half_a_chunk_of_its_beat_or_as_soon_as_it_can(grid: str, asked: float):
    first_possible = asked + 1.0 + CHUNK
    shown, due = play(grid, asked)
    assert abs(shown - due) <= CHUNK / 2 + 1e-6 or (due < first_possible and shown <= first_possible)


def test_latency_is_looked_ahead_by_so_a_change_for_a_far_bar_is_made_before_it():
    for latency in (0.3, 1.0, 3.0):
        shown, due = play("4 bars", 0.5, latency)
        assert due == pytest.approx(8.0)
        assert shown == pytest.approx(due, abs=CHUNK / 2)


def test_without_a_grid_nothing_waits():
    shown, asked = play("off", 1.0)
    assert shown <= asked + 1.0 + CHUNK


def test_what_acts_at_once_is_never_held_back_and_others_wait_each_for_its_own_beat():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    quantiser.latch(values(), {}, "bar", 4, shown_from(0.0))
    changes = {"/t/prompt": Change("ice", None, 0.5, 1), "/t/scale": Change(0.2, None, 4.5, 2)}
    wanted = values("ice", 0.2, freeze=True)
    assert quantiser.latch(wanted, changes, "bar", 4, shown_from(3.5)) == values("gold", 1.0, True)
    assert quantiser.pending == 2
    assert quantiser.latch(wanted, changes, "bar", 4, shown_from(3.9)) == values("ice", 1.0, True)
    assert quantiser.latch(wanted, changes, "bar", 4, shown_from(7.9)) == wanted
    assert quantiser.pending == 0


def test_a_newer_change_takes_the_place_of_one_that_waits_and_one_taken_back_never_shows():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    quantiser.latch(values(), {}, "bar", 4, shown_from(0.0))
    first = {"/t/prompt": Change("ice", None, 0.5, 1)}
    assert quantiser.latch(values("ice"), first, "bar", 4, shown_from(2.0)) == values()
    assert quantiser.latch(values("lava"), {"/t/prompt": Change("lava", None, 2.0, 2)}, "bar", 4, shown_from(3.9)) == (
        values("lava")
    )
    back = {"/t/prompt": Change("lava", None, 5.0, 3)}
    assert quantiser.latch(values("lava"), back, "bar", 4, shown_from(6.0)) == values("lava")
    assert quantiser.pending == 0


def test_the_first_values_are_there_at_once():
    quantiser = Quantiser(TABLE, Tempo(60.0, now=0.0))
    changes = {"/t/prompt": Change("ice", None, 0.5, 1)}
    assert quantiser.latch(values("ice"), changes, "4 bars", 4, shown_from(0.6))["/t/prompt"] == "ice"
