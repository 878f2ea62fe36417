"""Numbers on their way; on a clock that the test sets."""

import pytest

from backend.controls.table import TABLE
from backend.steering.morph import Morph
from bridge.control.mailbox import Mailbox
from tests.backend.waiting import wait_for


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_numbers_move_evenly_and_end_exactly_where_they_should():
    clock, mailbox = Clock(), Mailbox(TABLE)
    morph = Morph(mailbox, clock)
    morph.to({"/vace/scale": 0.0, "/vace/mask/feather": 0.1}, 4.0)
    seen = []
    for _ in range(5):
        more = morph.step()
        seen.append((mailbox.get("/vace/scale"), mailbox.get("/vace/mask/feather"), more))
        clock.now += 1.0
    assert [scale for scale, _, _ in seen] == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0])
    assert seen[2][1] == pytest.approx(2.05)
    assert seen[-1] == (0.0, 0.1, False)
    assert not morph.step()


def test_the_numbers_of_a_shape_move_together():
    clock, mailbox = Clock(), Mailbox(TABLE)
    morph = Morph(mailbox, clock)
    mailbox.set("/vace/mask/rect", (0.0, 0.0, 0.5, 0.5))
    morph.to({"/vace/mask/rect": (0.5, 0.0, 0.5, 1.0)}, 4.0)
    clock.now += 1.0
    morph.step()
    assert mailbox.get("/vace/mask/rect") == (0.125, 0.0, 0.5, 0.625)
    clock.now += 3.0
    assert not morph.step()
    assert mailbox.get("/vace/mask/rect") == (0.5, 0.0, 0.5, 1.0)


def test_whoever_moves_a_number_himself_keeps_it_and_the_others_go_on():
    clock, mailbox = Clock(), Mailbox(TABLE)
    morph = Morph(mailbox, clock)
    morph.to({"/vace/scale": 0.0, "/vace/mask/feather": 64.0}, 2.0)
    clock.now += 1.0
    morph.step()
    mailbox.set("/vace/scale", 1.75)
    clock.now += 1.0
    assert not morph.step()
    assert (mailbox.get("/vace/scale"), mailbox.get("/vace/mask/feather")) == (1.75, 64.0)


def test_a_new_goal_starts_from_where_things_are():
    clock, mailbox = Clock(), Mailbox(TABLE)
    morph = Morph(mailbox, clock)
    morph.to({"/vace/scale": 0.0}, 2.0)
    clock.now += 1.0
    morph.step()
    morph.to({"/vace/scale": 2.0}, 3.0)
    clock.now += 1.0
    morph.step()
    assert mailbox.get("/vace/scale") == pytest.approx(1.0)
    morph.stop_all()
    assert not morph.step()


def test_it_runs_by_itself_and_can_be_stopped_on_the_way():
    mailbox = Mailbox(TABLE)
    morph = Morph(mailbox)
    morph.start()
    morph.to({"/vace/scale": 0.0}, 0.1)
    wait_for(lambda: mailbox.get("/vace/scale") == 0.0, "the end of the way")
    morph.to({"/vace/scale": 2.0}, 3600.0)
    wait_for(lambda: mailbox.get("/vace/scale") != 0.0, "the next to begin")
    morph.stop()
    assert mailbox.get("/vace/scale") != 2.0


@pytest.mark.faults
def test_a_step_that_raises_ends_nothing(monkeypatch):
    mailbox = Mailbox(TABLE)
    morph = Morph(mailbox)
    apply, raised = mailbox.apply, []

    def fail_once(*arguments):
        if not raised:
            raised.append(1)
            raise RuntimeError("a value that nothing was ready for")
        return apply(*arguments)

    monkeypatch.setattr(mailbox, "apply", fail_once)
    morph.start()
    morph.to({"/vace/scale": 0.0}, 0.1)
    wait_for(lambda: mailbox.get("/vace/scale") == 0.0, "the end of the way")
    morph.stop()
    assert raised
