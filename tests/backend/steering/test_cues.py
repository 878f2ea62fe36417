"""A list of cues; on a clock that the test sets."""

import shlex
from pathlib import Path

import pytest

from backend.controls.table import TABLE
from backend.runtime.json_store import JsonStore
from backend.steering.cues import BACK, GO, MAX_CUES, NEXT, REMOVE, SAVE, STOP, Cue, Cues
from backend.steering.morph import Morph
from backend.steering.presets import Presets
from bridge.control.mailbox import Mailbox
from tests.backend.waiting import wait_for


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A mailbox with three presets and a list of cues, and time that the test lets pass."""

    def __init__(self, path: Path | None = None) -> None:
        self.clock, self.mailbox, self.told = Clock(), Mailbox(TABLE), []
        self.morph = Morph(self.mailbox, self.clock)
        self.presets = Presets(TABLE, self.mailbox, JsonStore(None, "presets"), self.morph)
        file = JsonStore(path, "cues")
        self.cues = Cues(self.mailbox, file, self.presets, self.morph, lambda *told: self.told.append(told), self.clock)
        for number, prompt in enumerate(("ice", "lava", "moss")):
            self.send("/vace/prompt", prompt)
            self.send("/vace/scale", float(number))
            self.send("/vace/preset/save", prompt)

    def send(self, address: str, *values: object) -> list[str]:
        """As OSC does it: a trigger is pressed and let go, a list takes all that there is."""
        if TABLE[address].type == "trigger":
            return [reason for each in (1, 0) for _, reason in self.mailbox.apply([(address, each)])]
        value = values if TABLE[address].type == "strings" else values[0]
        return [reason for _, reason in self.mailbox.apply([(address, value)])]

    def is_at(self) -> tuple[str, object]:
        return self.cues.current, self.mailbox.get("/vace/prompt")

    def passes(self, seconds: float) -> tuple[str, object]:
        self.clock.now += seconds
        self.cues.step()
        self.morph.step()
        return self.is_at()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    for cue in (("opening", "ice"), ("storm", "lava", 4.0, 30), ("end", "moss", "2,5", "-")):
        assert desk.send(SAVE, *cue) == []
    return desk


def test_a_show_goes_from_cue_to_cue_and_back(desk: Desk):
    assert desk.cues.current == ""
    assert (desk.send(NEXT), desk.is_at()) == ([], ("opening", "ice"))
    assert (desk.send(NEXT), desk.is_at()) == ([], ("storm", "lava"))
    assert (desk.send(BACK), desk.is_at()) == ([], ("opening", "ice"))
    assert "no cue before 'opening'" in desk.send(BACK)[0]
    assert (desk.send(GO, "end"), desk.is_at()) == ([], ("end", "moss"))
    assert "no cue after 'end'" in desk.send(NEXT)[0]
    assert (desk.send(GO, 2), desk.is_at()) == ([], ("storm", "lava"))


def test_the_fade_of_a_cue_is_its_own(desk: Desk):
    desk.send(GO, "opening")
    assert desk.mailbox.get("/vace/scale") == 0.0
    desk.send("/vace/preset/fade", 60.0)
    desk.send(GO, "storm")
    desk.passes(2.0)
    assert desk.mailbox.get("/vace/scale") == pytest.approx(0.5)
    desk.passes(2.0)
    assert desk.mailbox.get("/vace/scale") == 1.0


def test_a_cue_follows_when_its_time_has_come_and_one_without_a_time_waits(desk: Desk):
    desk.send(GO, "storm")
    assert desk.cues.step() == pytest.approx(30.0)
    assert desk.passes(29.9) == ("storm", "lava")
    assert desk.passes(0.2) == ("end", "moss")
    assert desk.passes(1e6) == ("end", "moss")
    assert desk.cues.step() is None


def test_times_are_counted_from_cue_to_cue_without_drift(desk: Desk):
    for name in ("1", "2", "3"):
        desk.send(SAVE, name, "ice", 0, 10)
    desk.send(GO, "1")
    assert desk.passes(10.4)[0] == "2"
    assert desk.passes(9.5)[0] == "2"
    assert desk.passes(0.2)[0] == "3"


def test_whoever_goes_himself_or_stops_is_not_overtaken(desk: Desk):
    desk.send(GO, "storm")
    desk.send(GO, "opening")
    assert desk.passes(1000.0) == ("opening", "ice")
    desk.send(GO, "storm")
    desk.passes(1.0)
    scale = desk.mailbox.get("/vace/scale")
    assert desk.send(STOP) == []
    assert desk.passes(1000.0) == ("storm", "lava")
    assert desk.mailbox.get("/vace/scale") == scale


def test_a_follow_on_time_after_the_last_cue_ends_the_list_without_a_word(desk: Desk):
    desk.send(SAVE, "end", "moss", 0, 1)
    desk.send(GO, "end")
    assert desk.passes(2.0) == ("end", "moss")
    assert desk.told == []


def test_cues_with_numbers_for_names_stand_in_their_order_so_that_one_goes_between(desk: Desk):
    for name in ("10", "1", "2", "1.5"):
        desk.send(SAVE, name, "ice")
    assert desk.cues.names() == ["1", "1.5", "2", "10", "opening", "storm", "end"]
    desk.send(GO, "1")
    desk.send(NEXT)
    assert desk.cues.current == "1.5"


def test_a_removed_cue_is_skipped(desk: Desk):
    desk.send(GO, "storm")
    assert desk.send(REMOVE, "storm") == []
    assert desk.cues.names() == ["opening", "end"]
    assert desk.send(NEXT) == []
    assert desk.cues.current == "end"
    assert "no cue 'storm'" in desk.send(GO, "storm")[0]


def test_a_button_that_is_let_go_does_nothing(desk: Desk):
    assert desk.send(GO, 1.0) == desk.send(GO, 0.0) == desk.send(REMOVE, 0.0) == []
    assert desk.cues.current == "opening"
    assert len(desk.cues.names()) == 3


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((), "takes a name"), (("", "ice"), "takes a name"), (("0", "ice"), "takes a name"),
        (("x" * 65, "ice"), "takes a name"), (("a", "gone"), "no preset 'gone'"), (("a",), "no preset 'a'"),
        (("a", "ice", "much"), "'much'"), (("a", "ice", "-1"), "'-1'"), (("a", "ice", "61"), "0 to 60"),
        (("a", "ice", "1", "nan"), "'nan'"), (("a", "ice", "1", "1e9"), "0 to 86400"), (("a", "ice", "inf"), "'inf'"),
    ],
)  # fmt: skip
def test_what_is_no_cue_is_refused_and_nothing_is_saved_of_it(desk: Desk, texts, said: str):
    [reason] = desk.send(SAVE, *texts)
    assert said in reason
    assert desk.cues.names() == ["opening", "storm", "end"]


def test_a_cue_whose_preset_is_gone_is_told_and_the_show_stays(desk: Desk):
    desk.send(GO, "storm")
    desk.presets._entries.remove("moss")
    assert desk.passes(31.0) == ("storm", "lava")
    [(address, reason)] = desk.told
    assert (address, "no preset 'moss'" in reason) == (NEXT, True)


def test_cues_outlive_the_program_and_two_programs_keep_both(tmp_path: Path):
    one, two = Desk(tmp_path / "cues.json"), Desk(tmp_path / "cues.json")
    one.send(SAVE, "a", "ice", 1, 2)
    one.cues.write()
    two.send(SAVE, "b", "lava")
    two.cues.write()
    one.cues.write()
    again = Desk(tmp_path / "cues.json")
    assert one.cues.names() == two.cues.names() == again.cues.names() == ["a", "b"]
    again.send(GO, "a")
    assert again.cues.step() == pytest.approx(2.0)


def test_what_is_no_cue_in_the_file_is_passed_over(tmp_path: Path):
    path = tmp_path / "cues.json"
    entries = {
        "a": {"preset": "ice"},
        "b": {"preset": 7},
        "c": {"preset": "ice", "fade": "x"},
        "d": {"follow": 1},
        "e": 1,
    }
    JsonStore(path, "cues").write(entries)
    assert Desk(path).cues.names() == ["a"]


def test_so_many_and_no_more(desk: Desk):
    for number in range(1, MAX_CUES - 2):
        assert desk.send(SAVE, f"cue {number}", "ice") == []
    assert "already" in desk.send(SAVE, "one more", "ice")[0]
    assert desk.send(SAVE, "end", "ice") == []


def test_without_cues_next_says_how_to_make_one():
    assert SAVE in Desk().send(NEXT)[0]


def test_a_cue_of_texts():
    assert Cue.parse(("a",)) == Cue("a", 0.0, None)
    assert Cue.parse(("a", "1.5", "go")) == Cue("a", 1.5, None)


@pytest.mark.faults
def test_cues_follow_by_themselves_and_what_one_raises_ends_nothing(monkeypatch):
    desk = Desk()
    go, raised = desk.presets.go, []

    def fail_once(name: str, seconds: float) -> None:
        if name == "lava" and not raised:
            raised.append(1)
            raise RuntimeError("a value that nothing was ready for")
        go(name, seconds)

    monkeypatch.setattr(desk.presets, "go", fail_once)
    monkeypatch.setattr(desk.cues, "_clock", lambda: 50.0)
    for name, preset in (("1", "ice"), ("2", "lava"), ("3", "moss")):
        desk.send(SAVE, name, preset, 0, 0)
    desk.cues.start()
    desk.send(GO, "1")
    wait_for(lambda: desk.is_at() == ("3", "moss"), "the last cue")
    desk.cues.stop()
    assert raised


def test_the_examples_of_the_page_do_what_it_says():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "controls.md").read_text(encoding="utf-8")
    block = page.partition("## Cues")[2].partition("```\n")[2].partition("```")[0]
    desk = Desk()
    for name in ("blue hour", "lava"):
        desk.send("/vace/preset/save", name)
    went = []
    for line in block.splitlines():
        address, *values = shlex.split(line)
        assert desk.send(address, *values) == [], line
        went.append(desk.cues.current)
    assert went == ["", "", "", "opening", "storm", "opening", "calm", "calm", "calm"]
    assert desk.cues.names() == ["opening", "calm"]
