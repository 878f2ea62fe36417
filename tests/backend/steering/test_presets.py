"""Presets and last values."""

import json
import os
from pathlib import Path

import pytest

from backend.controls.table import TABLE
from backend.runtime.json_store import JsonStore
from backend.steering.autosave import Autosave
from backend.steering.morph import Morph
from backend.steering.presets import FADE, GO, MAX_NAME, MAX_PRESETS, SAVE, LastValues, Presets
from bridge.control.mailbox import Mailbox
from tests.backend.waiting import wait_for

MASK = "/vace/mask/source"


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A mailbox with presets in a file, and time that the test lets pass."""

    def __init__(self, path: Path | None) -> None:
        self.clock, self.mailbox = Clock(), Mailbox(TABLE)
        self.morph = Morph(self.mailbox, self.clock)
        self.presets = Presets(TABLE, self.mailbox, JsonStore(path, "presets"), self.morph)

    def send(self, *changes: tuple[str, object]) -> list[str]:
        return [reason for _, reason in self.mailbox.apply(list(changes))]

    def values(self, *names: str) -> list[object]:
        return [self.mailbox.get(f"/vace/{name}") for name in names]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "presets.json"


@pytest.fixture
def desk(path: Path) -> Desk:
    return Desk(path)


def test_what_was_kept_comes_back_under_its_name_and_the_panic_switches_and_the_bank_stay(desk: Desk):
    desk.send(("/vace/prompt", "ice"), ("/vace/scale", 0.5), ("/vace/reference", ["a.png"]), ("/vace/freeze", 1))
    assert desk.send((SAVE, "blue hour")) == []
    desk.send(("/vace/prompt", "lava"), ("/vace/scale", 2.0), ("/vace/reference", []), ("/vace/freeze", 0))
    desk.send(("/vace/prompt/bank/2", "mine"))
    assert desk.send((GO, "blue hour")) == []
    assert desk.values("prompt", "scale", "reference", "freeze") == ["ice", 0.5, ("a.png",), False]
    assert desk.values("prompt/bank/2") == ["mine"]


def test_a_preset_brings_its_blend_back_and_one_without_ends_it(desk: Desk):
    desk.send(("/vace/prompt", "lava"), (SAVE, "one"))
    desk.send(("/vace/prompt/blend", ["gold", 1, "ice", 3]), ("/vace/prompt/b", "neon"), ("/vace/prompt/ab", 0.5))
    desk.send(("/vace/prompt/bank/2", "mine"), (SAVE, "several"))
    assert desk.send((GO, "one")) == []
    assert desk.values("prompt", "prompt/blend", "prompt/b", "prompt/ab") == ["lava", (), "", 0.0]
    assert desk.send(("/vace/prompt", "ice"), (GO, "several")) == []
    blend = ("gold", "1", "ice", "3")
    assert desk.values("prompt", "prompt/blend", "prompt/b", "prompt/ab") == ["lava", blend, "neon", 0.5]


def test_the_crossfader_moves_to_a_presets_place_in_its_time(desk: Desk):
    desk.send(("/vace/prompt/b", "neon"), ("/vace/prompt/ab", 1.0), (SAVE, "there"))
    desk.send(("/vace/prompt/ab", 0.0), (FADE, 4.0), (GO, "there"))
    desk.clock.now += 1.0
    desk.morph.step()
    assert desk.values("prompt/ab") == [0.25]


def test_a_number_is_a_name_as_controllers_send_it(desk: Desk):
    desk.send(("/vace/seed", 7), (SAVE, 3))
    desk.send(("/vace/seed", 8), (GO, 3.0))
    assert desk.values("seed") == [7]
    assert desk.presets.names() == ["3"]


def test_a_button_that_is_let_go_neither_saves_nor_goes(desk: Desk):
    assert desk.send((SAVE, 1.0), (SAVE, 0.0), (GO, 0.0)) == []
    assert desk.presets.names() == ["1"]


def test_over_a_time_numbers_move_and_the_rest_switches_at_once(desk: Desk):
    desk.send(("/vace/prompt", "ice"), ("/vace/prompt/fade", 4.0), ("/vace/scale", 0.0), ("/vace/seed", 100))
    desk.send((SAVE, "a"))
    desk.send(("/vace/prompt", "lava"), ("/vace/prompt/fade", 0.0), ("/vace/scale", 2.0), ("/vace/seed", 0))
    assert desk.send((GO, "a"), (FADE, 10.0)) == []
    assert desk.values("prompt", "prompt/fade", "seed", "scale") == ["ice", 4.0, 100, 2.0]
    desk.clock.now += 5.0
    desk.morph.step()
    assert desk.values("scale") == [pytest.approx(1.0)]
    desk.clock.now += 5.0
    desk.morph.step()
    assert desk.values("scale") == [0.0]


def test_shapes_and_colours_move_too_and_a_polygon_of_other_corners_switches(desk: Desk):
    triangle, square = (0.0, 0.0, 1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)
    desk.send(("/vace/mask/rect", (0, 0, 0.5, 1)), ("/vace/mask/key", (1, 0, 0)), ("/vace/mask/polygon", triangle))
    desk.send((SAVE, "a"))
    desk.send(("/vace/mask/rect", (0.5, 0, 0.5, 1)), ("/vace/mask/key", (0, 0, 1)), ("/vace/mask/polygon", square))
    desk.send((GO, "a"), (FADE, 10.0))
    assert desk.values("mask/polygon") == [triangle]
    desk.clock.now += 5.0
    desk.morph.step()
    assert desk.values("mask/rect", "mask/key") == [(0.25, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5)]


class TestWhatIsRefusedLater:
    """A preset that is saved before a value is known to be had keeps it, until it is refused."""

    def one_by_one(self, desk: Desk, *changes: tuple[str, object]) -> None:
        for change in changes:
            assert desk.send(change) == []

    def entry(self, desk: Desk, name: str, address: str) -> object:
        return desk.presets.entries()[name][address]

    def test_a_preset_that_was_saved_meanwhile_gets_what_is_used_instead(self, desk: Desk, path: Path):
        self.one_by_one(desk, (MASK, "right"), (SAVE, "before"), (MASK, "left"), (MASK, "person"), (SAVE, "a"))
        self.one_by_one(desk, ("/vace/scale", 0.5), (SAVE, "b"))
        desk.presets.write()
        desk.mailbox.replace(MASK, "person", "left")
        desk.presets.write()
        content = json.loads(path.read_text())["content"]
        assert {name: entry[MASK] for name, entry in content.items()} == {"before": "right", "a": "left", "b": "left"}
        assert content["b"]["/vace/scale"] == 0.5

    def test_also_if_somebody_has_set_another_value_since(self, desk: Desk):
        self.one_by_one(desk, (MASK, "person"), (SAVE, "a"), (MASK, "left"))
        desk.mailbox.replace(MASK, "person", "none")
        assert self.entry(desk, "a", MASK) == "none"
        assert desk.values("mask/source") == ["left"]

    def test_one_that_was_saved_while_the_value_could_be_had_stays(self, desk: Desk):
        self.one_by_one(desk, (MASK, "person"), (SAVE, "a"), (MASK, "left"), (MASK, "person"), (SAVE, "b"))
        desk.mailbox.replace(MASK, "person", "left")
        assert (self.entry(desk, "a", MASK), self.entry(desk, "b", MASK)) == ("person", "left")

    def test_one_that_another_program_has_saved_since_stays(self, desk: Desk, path: Path):
        desk.send((MASK, "person"), (SAVE, "a"))
        desk.presets.write()
        other = Desk(path)
        other.send((MASK, "person"), ("/vace/scale", 0.5), (SAVE, "a"))
        other.presets.write()
        desk.presets.write()
        desk.mailbox.replace(MASK, "person", "left")
        assert self.entry(desk, "a", MASK) == "person"

    def test_one_whose_file_was_read_anew_is_still_known(self, desk: Desk, path: Path):
        desk.mailbox.check_later("/vace/reference", lambda value: True)
        desk.send(("/vace/reference", ["bad.png"]), (SAVE, "a"))
        desk.presets.write()
        other = Desk(path)
        other.send((SAVE, "other"))
        other.presets.write()
        desk.presets.write()
        desk.mailbox.refuse("/vace/reference", ("bad.png",))
        assert self.entry(desk, "a", "/vace/reference") == []

    def test_a_picture_that_is_still_looked_at_is_in_the_preset_and_leaves_it_if_it_is_refused(self, desk: Desk):
        desk.mailbox.check_later("/vace/reference", lambda value: value != ())
        desk.send(("/vace/reference", ["good.png"]), (SAVE, "good"))
        desk.mailbox.confirm("/vace/reference", ("good.png",))
        desk.send(("/vace/reference", ["bad.png"]), (SAVE, "bad"))
        desk.mailbox.refuse("/vace/reference", ("bad.png",))
        assert self.entry(desk, "good", "/vace/reference") == ["good.png"]
        assert self.entry(desk, "bad", "/vace/reference") == ["good.png"]

    def test_a_mask_whose_file_is_sound_and_that_is_refused_later_leaves_it_too(self, desk: Desk):
        desk.mailbox.check_later(MASK, lambda value: value == "mask.mp4")
        desk.send((MASK, "mask.mp4"), (SAVE, "a"))
        desk.mailbox.confirm(MASK, "mask.mp4")
        desk.mailbox.replace(MASK, "mask.mp4", "none")
        assert self.entry(desk, "a", MASK) == "none"

    def test_the_last_values_have_what_is_used(self, path: Path):
        mailbox, file = Mailbox(TABLE), JsonStore(path, "last values")
        last = LastValues(TABLE, mailbox, file)
        mailbox.set(MASK, "person")
        last.write()
        mailbox.replace(MASK, "person", "left")
        last.write()
        assert file.read()[MASK] == "left"


def test_going_at_once_ends_what_is_on_its_way(desk: Desk):
    desk.send(("/vace/scale", 0.0), (SAVE, "a"))
    desk.send(("/vace/scale", 2.0), (SAVE, "b"))
    desk.send((GO, "a"), (FADE, 10.0))
    desk.send((GO, "b"), (FADE, 0.0))
    desk.clock.now += 5.0
    desk.morph.step()
    assert desk.values("scale") == [2.0]


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\windows", "/", "..", "a\x00b", "CON", "%n", "日本"])
def test_a_name_is_a_name_whatever_it_looks_like(desk: Desk, path: Path, name: str):
    desk.send(("/vace/seed", 7), (SAVE, name))
    desk.presets.write()
    assert sorted(os.listdir(path.parent)) == ["presets.json", "presets.json.lock"]
    again = Desk(path)
    assert again.send((GO, name)) == []
    assert again.values("seed") == [7]


@pytest.mark.parametrize("name", ["", "   ", "x" * (MAX_NAME + 1), "x" * 100_000])
def test_a_name_that_is_none_is_refused(desk: Desk, name: str):
    assert f"1 to {MAX_NAME} characters" in " ".join(desk.send((SAVE, name)))
    assert desk.presets.names() == []


def test_what_is_not_there_is_told(desk: Desk):
    [reason] = desk.send((GO, "blue"))
    assert "no preset 'blue'" in reason
    assert "/vace/preset/list" in reason
    assert len(desk.send((GO, "x" * 100_000))[-1]) < 200


def test_so_many_and_no_more(desk: Desk):
    for number in range(1, MAX_PRESETS + 1):
        assert desk.send((SAVE, number)) == []
    assert "already" in desk.send((SAVE, "one more"))[0]
    assert desk.send((SAVE, 7)) == []


def test_a_file_written_by_hand_is_used_as_far_as_it_makes_sense(path: Path):
    values = {
        "/vace/prompt": "ice",
        "/vace/scale": 7,
        "/vace/mask/feather": float("nan"),
        "/vace/control": "x-ray",
        "/vace/freeze": True,
        "/vace/gone": 1,
        "/vace/seed": {"a": []},
    }
    path.write_text(json.dumps({"vace": "presets", "version": 1, "content": {"a": values, "b": 7}}))
    desk = Desk(path)
    assert desk.presets.names() == ["a"]
    [reason] = desk.send((GO, "a"), (FADE, 5.0))
    assert all(address in reason for address in ("/vace/scale", "/vace/mask/feather", "/vace/control", "/vace/seed"))
    assert desk.values("prompt", "scale", "mask/feather", "control", "freeze", "seed") == [
        "ice", 2.0, 4.0, "depth", False, 0,
    ]  # fmt: skip


def test_presets_outlive_the_program_in_their_order(desk: Desk, path: Path):
    for name in ("z", "a", "m"):
        desk.send((SAVE, name))
    desk.presets.write()
    assert Desk(path).presets.names() == ["z", "a", "m"]


def test_what_could_not_be_written_is_tried_again(desk: Desk, path: Path, monkeypatch):
    desk.send((SAVE, "a"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            desk.presets.write()
    desk.presets.write()
    assert Desk(path).presets.names() == ["a"]


def test_two_programs_see_each_other_s_presets_and_keep_both(path: Path):
    one, two = Desk(path), Desk(path)
    one.send(("/vace/seed", 1), (SAVE, "mine"))
    one.presets.write()
    two.send(("/vace/seed", 2), (SAVE, "yours"))
    two.presets.write()
    one.presets.write()
    assert one.presets.names() == two.presets.names() == Desk(path).presets.names() == ["mine", "yours"]
    assert one.send((GO, "yours")) == []
    assert one.values("seed") == [2]


def test_without_a_file_presets_last_as_long_as_the_program():
    desk = Desk(None)
    desk.send(("/vace/seed", 7), (SAVE, "a"))
    desk.presets.write()
    desk.send(("/vace/seed", 8))
    desk.send((GO, "a"))
    assert desk.values("seed") == [7]


def test_last_values_are_written_when_something_has_changed(path: Path):
    mailbox, file = Mailbox(TABLE), JsonStore(path, "last values")
    last = LastValues(TABLE, mailbox, file)
    last.write()
    assert file.read()["/vace/prompt"] == mailbox.get("/vace/prompt")
    path.unlink()
    last.write()
    assert not path.exists()
    mailbox.set("/vace/prompt/bank/1", "mine")
    last.write()
    assert file.read()["/vace/prompt/bank/1"] == "mine"


@pytest.mark.parametrize("all_of_it", [False, True])
def test_panic_switches_come_back_only_where_a_show_goes_on_and_a_frozen_frame_never(path: Path, all_of_it: bool):
    mailbox, file = Mailbox(TABLE), JsonStore(path, "last values")
    mailbox.set_all([("/vace/prompt", "ice"), ("/vace/blackout", 1), ("/vace/freeze", 1), ("/vace/record", 1)])
    LastValues(TABLE, mailbox, file).write()
    again = Mailbox(TABLE)
    assert LastValues(TABLE, again, file).restore(all_of_it) == []
    assert again.get("/vace/prompt") == "ice"
    assert (again.get("/vace/blackout"), again.get("/vace/record")) == (all_of_it, all_of_it)
    assert again.get("/vace/freeze") is False


def test_what_cannot_be_restored_is_told_and_the_rest_is(path: Path):
    JsonStore(path, "last values").write({"/vace/scale": "much", "/vace/prompt": "ice", "/vace/gone": 1})
    mailbox = Mailbox(TABLE)
    [reason] = LastValues(TABLE, mailbox, JsonStore(path, "last values")).restore(False)
    assert "/vace/scale" in reason
    assert mailbox.get("/vace/prompt") == "ice"


def test_the_keeper_writes_now_and_then_and_at_the_end_and_tells_what_it_cannot():
    written, told = [], []

    def fail() -> None:
        raise OSError("disk full")

    autosave = Autosave([(lambda: written.append(1), 0.0), (fail, 3600.0)], told.append)
    autosave.start()
    wait_for(lambda: len(written) > 2, "some writing")
    before = len(written)
    autosave.stop()
    assert len(written) > before
    assert told == ["what was set cannot be kept: disk full"] * 2


@pytest.mark.faults
def test_whatever_one_of_the_keeper_s_jobs_raises_it_and_the_others_are_done_again(monkeypatch):
    monkeypatch.setattr("backend.steering.autosave.RETRY_SECONDS", 0.0)
    written, told, raised = [], [], []

    def fail_once() -> None:
        if not raised:
            raised.append(1)
            raise RuntimeError("a store that is broken")
        written.append("first")

    autosave = Autosave([(fail_once, 0.0), (lambda: written.append("second"), 0.0)], told.append)
    autosave.start()
    wait_for(lambda: written.count("first") > 1, "the job that failed to be done again")
    autosave.stop()
    assert written[0] == "second"
    assert told == ["what was set cannot be kept: a store that is broken"]


@pytest.mark.faults
def test_a_keeper_whose_listener_fails_goes_on():
    written = []

    def fail() -> None:
        raise OSError("disk full")

    autosave = Autosave([(lambda: written.append(1), 0.0), (fail, 0.0)], lambda reason: 1 / 0)  # type: ignore[arg-type]
    autosave.start()
    wait_for(lambda: len(written) > 1, "the next round")
    autosave.stop()
