"""From settings and pictures to masks: every source, the order of what is done to them, and what stands in for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from backend.controls.mask_source import MaskSource
from backend.controls.settings import Settings
from backend.engine.frame_upload import FrameUpload
from backend.engine.masks import shapes
from backend.engine.masks.maker import LATE_SECONDS, Masked, MaskMaker
from backend.engine.masks.shapes import drawn
from backend.engine.masks.shaping import grown
from backend.engine.model import EngineModel
from tests.backend import fake_model
from tests.backend.engine.masks.finders import RedSegmenter, Scripted
from vace_core.annotators.boxes import Box

HEIGHT, WIDTH = 32, 48
SCENE = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
"""Green on the left, white on the right, a red patch in the middle; opaque above."""
SCENE[:, :24, 1] = 255
SCENE[:, 24:, :3] = 255
SCENE[8:24, 16:32, :3] = (255, 0, 0)
SCENE[:16, :, 3] = 255
RED = np.zeros((HEIGHT, WIDTH), np.float32)
RED[8:24, 16:32] = 1.0
DOG = [Box(4, 4, 20, 12, "Dog")]


def settings(source: str, **values: object) -> Settings:
    named = {name.replace("mask_", ""): value for name, value in values.items()}
    return Settings(mask_source=MaskSource.parse(source), **{f"mask_{name}": value for name, value in named.items()})  # type: ignore[arg-type]


def loaded(**parts: object) -> EngineModel:
    return EngineModel("cpu", fake_model.FakeStream, {}, **parts)  # type: ignore[arg-type]


class Bench:
    """A maker, and a way to ask it."""

    def __init__(self, script: Sequence[list[Box]] = (), **parts: object) -> None:
        self.segmenter = RedSegmenter()
        given = {"segmenters": {"person": lambda: self.segmenter, "subject": lambda: self.segmenter}}
        given["detector"] = lambda: Scripted([*script])  # type: ignore[assignment]
        self.maker = MaskMaker(loaded(**{**given, **parts}), HEIGHT, WIDTH)

    def ask(
        self,
        source: str,
        pictures: Sequence[np.ndarray] = (SCENE,),
        mask_frames: Sequence[np.ndarray] | None = None,
        seconds: float = 0.5,
        **values: object,
    ) -> Masked:
        return self.maker.update(
            pictures, FrameUpload("cpu")(pictures), mask_frames, settings(source, **values), seconds
        )

    def mask(self, source: str, pictures: Sequence[np.ndarray] = (SCENE,), **values: object) -> np.ndarray:
        """The last one, all ones where everything is restyled."""
        masks = self.ask(source, pictures, **values).masks  # type: ignore[arg-type]
        return np.ones((HEIGHT, WIDTH), np.float32) if masks is None else masks[-1]


SOURCES = {
    "alpha": drawn("top", (), HEIGHT, WIDTH),
    "luma": (SCENE[..., :3] @ (0.299, 0.587, 0.114) >= 127.5).astype(np.float32),
    "chroma": drawn("left", (), HEIGHT, WIDTH) * (1 - RED),
    "rect": drawn("rect", (0.25, 0.25, 0.5, 0.5), HEIGHT, WIDTH),
    "ellipse": drawn("ellipse", (0.5, 0.5, 0.25, 0.25), HEIGHT, WIDTH),
    "polygon": drawn("polygon", (0.5, 0.1, 0.9, 0.9, 0.1, 0.9), HEIGHT, WIDTH),
    "person": RED,
    "subject": RED,
    "object:dog": np.pad(np.ones((8, 16), np.float32), ((4, 20), (4, 28))),
    "shm:mask": RED,
} | {half: drawn(half, (), HEIGHT, WIDTH) for half in ("left", "right", "top", "bottom", "center")}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_its_mask_and_inverted_the_rest(source: str):
    mask_frames = [np.repeat((RED * 255).astype(np.uint8)[..., None], 3, axis=2)]
    bench = Bench(script=[DOG, DOG])
    assert 0 < SOURCES[source].sum() < SOURCES[source].size
    assert np.array_equal(bench.mask(source, mask_frames=mask_frames), SOURCES[source])
    assert np.array_equal(bench.mask(source, mask_frames=mask_frames, invert=True), 1 - SOURCES[source])


def test_no_source_is_no_mask():
    assert Bench().ask("none") == Masked(None, None, None, ())


def test_objects_of_other_names_are_left_alone_and_several_may_be_asked_for():
    both = [*DOG, Box(30, 10, 40, 20, "cat")]
    assert Bench(script=[both]).mask("object:cat").sum() == 100
    assert Bench(script=[both]).mask("object:cat,dog").sum() == 228


def test_a_name_that_the_detector_does_not_know_is_told_with_a_near_one():
    bench = Bench(script=[DOG, DOG])
    dog = bench.mask("object:dog")
    masked = bench.ask("object:dogg")
    assert masked.faults == (
        ("/vace/mask/source", "the detector knows no 'dogg'; did you mean Dog; the last mask is held"),
    )
    assert masked.masks is not None
    assert np.array_equal(masked.masks[0], dog)


def test_numbers_of_a_shape_are_live():
    bench = Bench()
    assert bench.mask("rect", rect=(0.0, 0.0, 0.5, 1.0)).mean() == 0.5
    assert bench.mask("rect", rect=(0.0, 0.0, 0.25, 1.0)).mean() == 0.25


def test_the_order_is_threshold_then_inversion_then_growth():
    bright = SCENE.copy()
    bright[..., :3] = 100
    bright[8:24, 16:32, :3] = 150
    expected = grown(1 - RED, -3)
    assert np.array_equal(Bench().mask("luma", [bright], invert=True, grow=-3.0), expected)
    assert not np.array_equal(expected, 1 - grown(RED, -3))
    assert Bench().mask("luma", [bright], threshold=0.6).max() == 0.0


def test_growth_comes_before_steadying_and_steadying_before_the_feather():
    with_speck, without = SCENE.copy(), SCENE.copy()
    with_speck[:, :, :3], without[:, :, :3] = 0, 0
    with_speck[16, 24, :3] = 255
    masked = Bench().ask("luma", [without, with_speck, without], grow=3.0, smooth=3, feather=2.0)
    assert masked.masks is not None
    assert [mask.max() for mask in masked.masks] == [0.0, 1.0, 0.0]  # at first there is nothing to outvote it
    bench = Bench()
    bench.ask("luma", [without] * 3, grow=3.0, smooth=3)
    masked = bench.ask("luma", [with_speck, without, with_speck], grow=3.0, smooth=3, feather=2.0)
    assert masked.masks is not None
    assert masked.weights is not None
    assert [mask.sum() for mask in masked.masks] == [0.0, 0.0, grown(SCENE_SPECK, 3).sum()]
    assert 0.0 < masked.weights[2][16, 20] < 1.0


SCENE_SPECK = np.zeros((HEIGHT, WIDTH), np.float32)
SCENE_SPECK[16, 24] = 1.0


def test_a_drawn_shape_is_not_steadied_as_it_has_nothing_to_steady():
    bench = Bench()
    bench.ask("left", smooth=12)
    assert np.array_equal(bench.mask("right", smooth=12), drawn("right", (), HEIGHT, WIDTH))


def test_inverting_acts_at_once_however_steady_the_mask_is():
    bench = Bench()
    bench.ask("person", [SCENE] * 12, smooth=12)
    assert np.array_equal(bench.mask("person", smooth=12, invert=True), 1 - RED)


def test_a_threshold_of_nothing_is_soft_where_it_is_composited_and_solid_for_the_model():
    ramp = np.repeat(np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :, None], HEIGHT, axis=0).repeat(3, axis=2)
    masked = Bench().ask("luma", [ramp], threshold=0.0, feather=0.0)
    assert masked.masks is not None
    assert masked.weights is not None
    assert np.array_equal(masked.masks[0], (ramp[..., 0] > 0).astype(np.float32))
    assert masked.weights[0] == pytest.approx(ramp[..., 0] / 255.0)


def test_a_tracked_person_is_a_box_with_a_margin_that_follows_and_can_be_inverted():
    bench = Bench()
    box = bench.mask("person", track=True, margin=2.0)
    assert np.array_equal(box, np.pad(np.ones((20, 20), np.float32), ((6, 6), (14, 14))))
    moved = np.roll(SCENE, 8, axis=1)
    on_its_way = bench.mask("person", [moved], track=True, margin=2.0)
    assert np.flatnonzero(on_its_way[16])[0] == 16
    there = bench.mask("person", [moved] * 20, track=True, margin=2.0, invert=True)
    assert np.array_equal(there, 1 - np.roll(box, 8, axis=1))


def test_segmenters_are_made_when_they_are_asked_for_and_see_each_frame_once():
    made = []
    bench = Bench(segmenters={"person": lambda: made.append(bench.segmenter) or bench.segmenter})
    bench.ask("left")
    assert made == []
    bench.ask("person", [SCENE] * 9)
    bench.ask("person", [SCENE] * 12)
    assert (len(made), bench.segmenter.seen) == (1, [9, 12])


def test_segmenters_forget_at_a_reset_and_when_they_are_turned_to_again():
    bench = Bench()
    bench.ask("person")
    bench.maker.reset()
    assert bench.segmenter.resets == 1
    bench.ask("left")
    bench.ask("person")
    assert bench.segmenter.resets == 3


LOST = {
    "alpha": ("the input's frames have no alpha", [SCENE[..., :3]]),
    "person": ("there is nothing here that finds person", [SCENE]),
    "object:dog": ("there is nothing here that finds object", [SCENE]),
}


@pytest.mark.parametrize("source", LOST)
@pytest.mark.parametrize(
    ("missing", "meanwhile", "share"),
    [
        ("hold", "everything is restyled, as there is no mask yet to be held", 1.0),
        ("all", "everything is restyled", 1.0),
        ("keep", "everything is kept", 0.0),
    ],
)
@pytest.mark.parametrize("invert", [False, True])
def test_a_missing_source_falls_back_as_set_and_says_so_once(
    source: str, missing: str, meanwhile: str, share: float, invert: bool
):
    bench = Bench(segmenters={}, detector=None)
    reason, pictures = LOST[source]
    masked = bench.ask(source, pictures, missing=missing, invert=invert)
    assert masked.faults == (("/vace/mask/source", f"{reason}; {meanwhile}"),)
    assert (1.0 if masked.masks is None else masked.masks[0].mean()) == share
    assert masked.shown is not None
    assert masked.shown[-1].mean() == share
    again = bench.ask(source, pictures, missing=missing, invert=invert)
    assert again.faults == ()
    assert (1.0 if again.masks is None else again.masks[0].mean()) == share


def test_the_last_mask_is_held_and_still_shaped_until_its_source_is_back():
    bench = Bench(script=[DOG, [], [], [], DOG, []])
    dog = bench.mask("object:dog")
    lost = bench.ask("object:dog")
    assert lost.faults == (("/vace/mask/source", "no dog is seen; the last mask is held"),)
    assert lost.masks is not None
    assert np.array_equal(lost.masks[0], dog)
    held = bench.ask("object:dog", invert=True)
    assert held.faults == ()
    assert held.masks is not None
    assert np.array_equal(held.masks[0], 1 - dog)
    assert bench.mask("object:dog", missing="keep").max() == 0.0
    back = bench.ask("object:dog")
    assert back.faults == ()
    assert back.masks is not None
    assert np.array_equal(back.masks[0], dog)
    assert len(bench.ask("object:dog").faults) == 1, "gone once more, it is said once more"


def test_a_frame_without_its_object_amid_others_holds_the_last_and_says_nothing():
    masked = Bench(script=[DOG, [], DOG]).ask("object:dog", [SCENE] * 3)
    assert masked.masks is not None
    assert masked.faults == ()
    assert np.array_equal(masked.masks[1], masked.masks[0])


def test_a_second_source_may_take_a_moment_before_that_is_worth_a_word():
    bench = Bench()
    bench.ask("left")
    waiting = bench.ask("shm:mask", seconds=0.4 * LATE_SECONDS)
    assert waiting.faults == ()
    assert waiting.masks is not None
    assert np.array_equal(waiting.masks[0], SOURCES["left"])
    said = [bench.ask("shm:mask", seconds=0.4 * LATE_SECONDS).faults for _ in range(4)]
    assert [len(faults) for faults in said] == [0, 1, 0, 0]
    assert said[1][0][1] == "there are no frames from the mask source shm:mask; the last mask is held"


def test_a_segmenter_that_cannot_be_made_is_tried_again_when_it_is_turned_to_again():
    tries = []

    def broken() -> RedSegmenter:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("person.safetensors is not there; run models download person")
        return RedSegmenter()

    bench = Bench(segmenters={"person": broken})
    said = bench.ask("person", missing="all").faults
    assert said[0][1].startswith("person.safetensors is not there")
    bench.ask("person")
    assert len(tries) == 1
    bench.ask("left")
    assert np.array_equal(bench.mask("person"), RED)


def test_a_mask_that_does_not_change_is_made_once(monkeypatch: pytest.MonkeyPatch):
    calls = []
    ellipse = shapes._ellipse
    monkeypatch.setattr(shapes, "_ellipse", lambda *given: calls.append(given) or ellipse(*given))
    shapes.drawn.cache_clear()
    bench = Bench()
    first, again = (bench.ask("ellipse", [SCENE] * 9, grow=3.0) for _ in range(2))
    assert first.masks is not None
    assert first.weights is not None
    assert again.masks is not None
    assert again.weights is not None
    assert len({id(mask) for mask in (*first.masks, *again.masks)}) == 1
    assert len({id(weight) for weight in (*first.weights, *again.weights)}) == 1
    assert len(calls) == 1
    changed = bench.ask("ellipse", [SCENE] * 9, grow=4.0)
    assert changed.masks is not None
    assert changed.masks[0].sum() > first.masks[0].sum()
    assert len(calls) == 1


def test_a_still_that_is_the_mask_is_read_once():
    still = SCENE[..., :3].copy()
    bench = Bench()
    first, again = (bench.ask("file:mask.png", [SCENE] * 9, [still] * 9) for _ in range(2))
    assert first.masks is not None
    assert again.masks is not None
    assert first.masks[0] is again.masks[8]


def test_where_nothing_is_kept_there_is_no_mask_and_what_is_shown_is_white():
    masked = Bench().ask("rect", rect=(0.0, 0.0, 1.0, 1.0))
    assert masked.masks is masked.weights is None
    assert masked.shown is not None
    assert masked.shown[-1].min() == 1


def test_without_compositing_no_weights_are_made():
    masked = Bench().ask("left", composite=False)
    assert masked.weights is None
    assert masked.masks is not None


def cut_out(colour: int) -> np.ndarray:
    """A picture of one colour whose alpha is the red thing's shape."""
    return np.dstack([np.full((*RED.shape, 3), colour, np.uint8), (RED * 255).astype(np.uint8)])


@pytest.mark.parametrize("colour", [0, 255])
def test_the_alpha_of_a_mask_s_own_picture_is_the_mask(colour: int):
    bench = Bench()
    assert np.array_equal(bench.mask("a.png", mask_frames=[cut_out(colour)]), RED)


def test_an_alpha_that_hides_nothing_says_nothing():
    picture = np.repeat((RED * 255).astype(np.uint8)[..., None], 4, axis=2)
    picture[..., 3] = 255
    assert np.array_equal(Bench().mask("a.png", mask_frames=[picture]), RED)


def test_a_frame_that_is_whole_amid_cut_out_ones_is_all_of_the_mask_until_there_is_another_source():
    bench, whole = Bench(), np.full((*RED.shape, 4), 255, np.uint8)
    whole[..., :3] = 0
    bench.ask("a.mov", mask_frames=[cut_out(0)], missing="keep")
    assert bench.ask("a.mov", mask_frames=[whole], missing="keep").masks is None, "all is restyled"
    other = bench.ask("b.mov", mask_frames=[whole], missing="keep").masks
    assert other is not None
    assert other[0].max() == 0
