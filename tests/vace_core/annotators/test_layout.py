"""Layout: boxes where things are, which stay with them; classes by their names."""

import pytest
import torch

from vace_core.annotators.boxes import Box, SteadyBoxes, overlap
from vace_core.annotators.detectors import Things, class_named
from vace_core.annotators.layout import Layout, colour, draw_layout

from .drawn import HEIGHT, WIDTH, drawn_person

SQUARE = Box(20, 10, 60, 50, "thing")


class Seen:
    """A detector that sees what it is told, frame after frame."""

    names = ("thing",)

    def __init__(self, *frames: list[Box]) -> None:
        self._frames = list(frames)

    def detect(self, frames: torch.Tensor) -> list[list[Box]]:
        return [self._frames.pop(0) for _ in range(frames.shape[2])]

    def reset(self) -> None:
        pass


def test_a_box_is_drawn_as_an_outline_in_its_labels_colour():
    picture = draw_layout([SQUARE], 64, 96)
    for place in ((10, 40), (49, 40), (30, 20), (30, 59)):
        assert tuple(picture[place]) == colour("thing")
    for place in ((30, 40), (5, 5), (9, 40), (30, 60)):
        assert tuple(picture[place]) == (255, 255, 255)


def test_a_layout_shows_the_box_that_the_detector_sees():
    drawn = Layout(Seen([SQUARE]))(torch.zeros(1, 3, 1, 64, 96))
    assert drawn.shape == (1, 3, 1, 64, 96)
    assert torch.allclose(drawn[0, :, 0, 10, 40] * 127.5 + 127.5, torch.tensor(colour("thing")).float(), atol=0.1)
    assert (drawn[0, :, 0, 30, 40] == 1).all()


def test_a_box_goes_softly_after_its_thing_and_bridges_a_frame_without_it():
    steady, moved = SteadyBoxes(), Box(28, 10, 68, 50, "thing")
    assert steady.update([SQUARE]) == [SQUARE]
    [box] = steady.update([moved])
    assert SQUARE.left < box.left < moved.left
    assert steady.update([]) == [box]
    assert steady.update([]) == [box]
    assert steady.update([]) == []


def test_a_box_elsewhere_or_of_another_class_is_another_thing():
    steady, far, dog = SteadyBoxes(), Box(70, 40, 90, 60, "thing"), Box(20, 10, 60, 50, "dog")
    steady.update([SQUARE])
    assert far in steady.update([SQUARE, far])
    assert overlap(SQUARE, far) == 0
    assert overlap(SQUARE, dog) == 1
    assert {box.label for box in SteadyBoxes().update([SQUARE])} == {"thing"}
    [kept] = [box for box in steady.update([dog]) if box.label == "thing" and box.left < 50]
    assert kept == SQUARE


def test_the_bundled_detector_finds_the_drawn_person():
    frames, inside, _ = drawn_person()
    rows, columns = torch.from_numpy(inside).nonzero().unbind(1)
    truth = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1, "thing")
    [[found, *_]] = Things().detect(frames)
    assert found.label == "thing"
    assert overlap(found, truth) > 0.7
    assert 0 <= found.left < found.right <= WIDTH
    assert 0 <= found.top < found.bottom <= HEIGHT


def test_a_class_is_found_by_its_name_and_an_unknown_one_names_near_ones():
    names = ("person", "cup", "Dog")
    assert class_named(" dog ", names) == "Dog"
    with pytest.raises(ValueError, match="knows no 'persn'; did you mean person"):
        class_named("persn", names)
    with pytest.raises(ValueError, match="knows no 'zeppelin'; it knows person, cup, Dog"):
        class_named("zeppelin", names)
