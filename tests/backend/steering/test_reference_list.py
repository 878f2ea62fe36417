import re

import cv2
import numpy as np
import pytest

from backend.controls.table import TABLE
from backend.engine.still_tensors import StillTensors
from backend.imaging.stills import PictureError
from backend.steering.reference_list import bind_reference_list
from bridge.control.mailbox import Mailbox

from ..fake_model import FakeStream
from ..marker import HEIGHT, WIDTH, clip, maker, settings

LIST, STRENGTH = "/vace/reference", "/vace/reference/strength"


def desk() -> Mailbox:
    mailbox = Mailbox(TABLE)
    bind_reference_list(mailbox)
    return mailbox


def test_references_are_added_replaced_and_removed_by_path_or_by_number():
    mailbox = desk()
    for path in ("a.png", "b.png", "c.png"):
        assert mailbox.set("/vace/reference/add", path) is None
    assert mailbox.get(LIST) == ("a.png", "b.png", "c.png")
    mailbox.set("/vace/reference/remove", "b.png")
    assert mailbox.get(LIST) == ("a.png", "c.png")
    mailbox.set("/vace/reference/remove", 1)
    mailbox.set("/vace/reference/remove", 0.0)  # a button that is let go
    assert mailbox.get(LIST) == ("c.png",)
    mailbox.set(LIST, ["d.png", "e.png"])
    assert mailbox.get(LIST) == ("d.png", "e.png")
    mailbox.set("/vace/reference/clear", 1)
    assert mailbox.get(LIST) == ()


def test_each_keeps_its_strength_when_another_goes():
    mailbox = desk()
    mailbox.set_all([(LIST, ["a.png", "b.png", "c.png"]), (STRENGTH, [0.25, 0.5, 0.75])])
    mailbox.set("/vace/reference/remove", "a.png")
    assert (mailbox.get(LIST), mailbox.get(STRENGTH)) == (("b.png", "c.png"), (0.5, 0.75))
    mailbox.set("/vace/reference/clear", 1)
    mailbox.set("/vace/reference/add", "d.png")
    assert mailbox.get(STRENGTH) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("address", "value", "told"),
    [
        ("/vace/reference/remove", "no.png", "there is no reference 'no.png'.*1 to 1"),
        ("/vace/reference/remove", 2, "there is no reference '2'"),
        ("/vace/reference/add", "", "takes the path of a picture, got none"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(address, value, told):
    mailbox = desk()
    mailbox.set("/vace/reference/add", "a.png")
    report = mailbox.set(address, value)
    assert report is not None
    assert mailbox.get(LIST) == ("a.png",)
    assert re.search(told, report)


def test_a_strength_belongs_to_the_reference_at_its_place_and_is_one_beyond():
    wanted = settings(reference=("a", "b", "c"), reference_strength=(0.5, 2.0))
    assert wanted.references == (("a", 0.5), ("b", 2.0), ("c", 1.0))


@pytest.fixture
def look(tmp_path):
    path = tmp_path / "look.png"
    cv2.imwrite(str(path), np.full((40, 60, 3), 200, np.uint8))
    return path


def test_an_unreadable_picture_is_a_fault_and_the_others_stay(look):
    chunk_pipeline, stream = maker()
    wanted = settings(reference=("nowhere.png", str(look)), reference_strength=(0.5, 1.5))
    result = chunk_pipeline.make(clip(9), None, wanted)
    assert [address for address, _ in result.faults] == [LIST]
    assert "nowhere.png" in result.faults[0][1]
    assert [reference.strength for reference in stream.seen[0].references] == [1.5]


def test_references_come_and_go_live_and_each_is_loaded_once(look):
    other = look.with_name("other.png")
    cv2.imwrite(str(other), np.zeros((40, 60, 3), np.uint8))
    chunk_pipeline, stream = maker()
    for shown in ((look,), (look, other), (other,), (), (other, look)):
        chunk_pipeline.make(clip(chunk_pipeline.frames_wanted), None, settings(reference=tuple(map(str, shown))))
    seen = [[id(reference.picture) for reference in controls.references] for controls in stream.seen]
    first, second = seen[1]
    assert seen == [[first], [first, second], [second], [], [second, first]]


def test_a_picture_that_can_no_longer_be_read_is_what_it_was_and_a_new_one_is_taken(look):
    pictures = StillTensors(HEIGHT, WIDTH, "cpu")
    before = pictures.load(str(look))
    whole = look.read_bytes()
    look.write_bytes(whole[:30])
    assert pictures.load(str(look)) is before, "half of it has been written"
    cv2.imwrite(str(look), np.full((40, 60, 3), 10, np.uint8))
    assert pictures.load(str(look)).max() < -0.9
    look.unlink()
    assert pictures.load(str(look)).max() < -0.9
    with pytest.raises(PictureError, match="cannot be the path of a file"):
        pictures.load("never\0was.png")


def test_a_mode_that_is_not_possible_here_is_told_once_and_another_is_used(look, monkeypatch):
    monkeypatch.setattr(FakeStream, "reference_modes", ("paper",))
    chunk_pipeline, stream = maker()
    faults = []
    for shown in ((), (str(look),), (str(look),)):
        wanted = settings(reference=shown, reference_mode="joint")
        faults.append(chunk_pipeline.make(clip(chunk_pipeline.frames_wanted), None, wanted).faults)
    told = "references can't be shown as joint here, only as paper; paper is used"
    assert faults == [(), (("/vace/reference/mode", told),), ()]
    assert {controls.reference_mode for controls in stream.seen} == {"paper"}
