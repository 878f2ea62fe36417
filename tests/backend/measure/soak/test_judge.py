"""A table of shows, good and broken: what the judge says of each."""

from collections.abc import Callable

import numpy as np
import pytest

from backend.measure.soak.judge import Judge, Limits, Picture, Switches

FPS = 30
BLACK = Picture(0, uniform=True)


def play(
    judge: Judge,
    start: float,
    seconds: float,
    picture: Callable[[int], Picture] = Picture,
    source_number: Callable[[int], int] = int,
) -> float:
    """Frames at 30 a second: what the n-th since 0 s shows, and which input frame it bears. Returns the end."""
    for n in range(round(start * FPS), round((start + seconds) * FPS)):
        judge.frame(n / FPS, picture(n), source_number(n))
    return start + seconds


def running() -> Judge:
    judge = Judge(0.0)
    judge.state(0.0, "running")
    return judge


def kinds(judge: Judge) -> list[str]:
    return [loss.kind for loss in judge.losses()]


def test_a_show_of_restyled_frames_has_no_losses_and_they_are_counted():
    judge = running()
    play(judge, 0, 20)
    assert kinds(judge) == []
    assert (judge.frames, judge.restyled) == (600, 600)


def test_frames_of_a_slow_engine_that_are_shown_twice_are_counted_once():
    judge = running()
    play(judge, 0, 10, lambda n: Picture(n // 3), lambda n: n // 3)
    assert kinds(judge) == []
    assert judge.restyled == 100


def test_a_host_that_begins_to_count_anew_is_no_loss():
    judge = running()
    play(judge, 0, 30, source_number=lambda n: n % 200)
    assert kinds(judge) == []


def test_broken_an_engine_that_is_gone_to_the_end_is_a_loss():
    judge = running()
    end = play(judge, 0, 4)
    end = play(judge, end, 10, lambda _: Picture(1), lambda _: 119)
    judge.advance(end)
    assert kinds(judge) == ["restyled", "frozen"]
    assert all(3.9 < loss.began < 4.1 and loss.ended == end for loss in judge.losses())
    assert str(judge.losses()[0]) == "no restyled frame for 10.0 s without a reason from 4.0 s, said running"


def test_broken_an_engine_that_is_gone_behind_a_source_that_passes_through_is_a_loss():
    judge = running()
    end = play(judge, 0, 4)
    play(judge, end, 10, source_number=lambda _: 119)
    assert kinds(judge) == ["restyled"]


def test_broken_an_engine_that_never_comes_is_a_loss_whatever_is_told():
    judge = Judge(0.0, Limits(explained=20.0))
    play(judge, 0, 30, source_number=lambda _: -1)
    assert kinds(judge) == ["explained"]
    judge = Judge(0.0, Limits(explained=20.0))
    for second in range(30):
        judge.fault(second)
        play(judge, second, 1, source_number=lambda _: -1)
    assert kinds(judge) == ["explained"]


@pytest.mark.parametrize("state", ["running", "restarting"])
def test_broken_constant_black_is_a_loss_though_the_engine_counts_on(state: str):
    judge = running()
    judge.state(0.0, state)
    play(judge, 0, 6, lambda _: BLACK)
    assert "uniform" in kinds(judge)
    assert ("restyled" in kinds(judge)) == (state == "running")
    assert judge.restyled == 0


def test_broken_black_with_noise_below_what_is_seen_is_black():
    judge = running()
    play(judge, 0, 6, lambda n: Picture(n, uniform=True))
    assert kinds(judge) == ["restyled", "uniform"]


def test_broken_an_output_that_is_frozen_while_the_state_says_running_is_a_loss():
    judge = running()
    end = play(judge, 0, 3)
    end = play(judge, end, 8, lambda _: Picture(7))
    play(judge, end, 5)
    assert kinds(judge) == ["restyled", "frozen"]
    assert [round(loss.ended - loss.began) for loss in judge.losses()] == [8, 8], "each episode is one loss"


def test_broken_a_bypass_that_is_frozen_is_a_loss():
    judge = running()
    judge.switches(0.0, Switches(bypass=True))
    play(judge, 0, 8, lambda _: Picture(7))
    assert kinds(judge) == ["frozen"]


@pytest.mark.parametrize("state", ["starting", "restarting", "source lost", "stalled", "failed"])
def test_held_frames_are_explained_by_the_state(state: str):
    judge = running()
    end = play(judge, 0, 4)
    judge.state(end + 1, state)
    end = play(judge, end + 1, 20, lambda _: Picture(1), lambda _: 119)
    judge.state(end, "running")
    play(judge, end, 4)
    assert kinds(judge) == ["gap"], "of the second without a frame"


def test_a_degraded_show_still_promises_frames():
    judge = running()
    judge.state(0.0, "degraded")
    play(judge, 0, 6, lambda _: Picture(1), lambda _: 119)
    assert kinds(judge) == ["restyled", "frozen"]


def test_a_fault_explains_for_five_seconds_more():
    judge = running()
    end = play(judge, 0, 4)
    end = play(judge, end, 4, lambda _: Picture(1), lambda _: 119)
    judge.fault(end)
    end = play(judge, end, 4, lambda _: Picture(1), lambda _: 119)
    assert kinds(judge) == []
    play(judge, end, 2, lambda _: Picture(1), lambda _: 119)
    assert kinds(judge) == ["restyled", "frozen"]


@pytest.mark.parametrize(
    ("switches", "picture"),
    [
        (Switches(blackout=True), lambda _: BLACK),
        (Switches(freeze=True), lambda _: Picture(5)),
        (Switches(bypass=True), Picture),
    ],
)
def test_what_was_asked_for_is_no_loss_and_counts_as_nothing_restyled(switches: Switches, picture):
    judge = running()
    judge.switches(0.0, switches)
    end = play(judge, 0, 90, picture)
    assert (kinds(judge), judge.restyled) == ([], 0)
    judge.switches(end, Switches())
    play(judge, end, 10)
    assert kinds(judge) == []


def test_every_gap_is_a_loss_and_one_at_the_end_too():
    judge = running()
    end = play(judge, 0, 2)
    end = play(judge, end + 0.5, 2)
    assert kinds(judge) == ["gap"]
    judge.advance(end + 0.5)
    assert kinds(judge) == ["gap", "gap"]
    assert str(judge.losses()[0]) == "the output stood still for 0.53 s from 2.0 s, said running"


def test_a_picture_is_told_from_another_and_from_nothing():
    dark, noise = np.zeros((4, 6, 3), np.uint8), np.random.default_rng(0).integers(0, 256, (4, 6, 4), np.uint8)
    assert Picture.of(dark).uniform
    assert Picture.of(dark + 128).uniform
    assert not Picture.of(noise).uniform
    one = dark.copy()
    one[1, 1, 2] = 3
    assert not Picture.of(one).uniform
    assert Picture.of(one).digest != Picture.of(dark).digest
    other_alpha = noise.copy()
    other_alpha[..., 3] ^= 1
    assert Picture.of(other_alpha) == Picture.of(noise)
