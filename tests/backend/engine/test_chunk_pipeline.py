"""What a chunk says about its settings."""

from dataclasses import replace

import numpy as np
import pytest

from backend.controls.mask_source import MaskSource
from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.load import load
from backend.engine.messages import Refused, RunsOn
from backend.engine.options import ModelOptions
from vace_core.annotators.boxes import Box
from vace_core.checkpoints.options import LoadOptions
from vace_core.controls import Controls
from vace_core.stream import Chunk

from .. import fake_model
from .masks.finders import RedSegmenter, Scripted

PICTURES = [np.zeros((32, 48, 3), np.uint8)] * 12


def maker_that_knows(*known: str) -> ChunkPipeline:
    loaded = fake_model.load(ModelOptions())
    return ChunkPipeline(
        replace(loaded, unread=lambda prompt: tuple(word for word in prompt.split() if word not in known)), 32, 48
    )


def prompt(words: str) -> Settings:
    return Settings(prompt=words)


def test_words_that_the_model_does_not_know_are_named_once():
    maker = maker_that_knows("gold", "at", "sunset")
    said = [maker.make(PICTURES[: maker.frames_wanted], None, prompt("gold zeppelin at sunset")).faults for _ in "ab"]
    assert said[0] == (("/vace/prompt", 'the model does not know "zeppelin"; the prompt\'s other words are followed'),)
    assert said[1] == ()


def test_unknown_words_are_told_at_the_control_that_has_them_and_when_they_come():
    maker = maker_that_knows("gold")
    wanted = [
        replace(prompt("gold"), prompt_b="zeppelin"),
        replace(prompt("gold"), prompt_b="zeppelin", prompt_ab=0.5),
        replace(prompt("gold"), prompt_blend=(("gold", 0.5), ("airship", 0.5))),
    ]
    said = [maker.make(PICTURES[: maker.frames_wanted], None, settings).faults for settings in wanted]
    assert [[address for address, _ in faults] for faults in said] == [["/vace/prompt/b"], [], ["/vace/prompt/blend"]]


def test_a_blend_and_the_crossfader_mix_the_prompts():
    maker = ChunkPipeline(fake_model.load(ModelOptions()), 32, 48)

    def colour(**values: object) -> list[int]:
        settings = replace(prompt("red"), **values)  # type: ignore[arg-type]
        return maker.make(PICTURES[: maker.frames_wanted], None, settings).frames[0, 0, 0].tolist()

    assert colour() == [255, 0, 0]
    assert colour(prompt_blend=(("green", 0.5), ("blue", 0.5))) == [0, 128, 128]
    assert colour(prompt_b="blue", prompt_ab=0.5) == [128, 0, 128]
    assert colour(prompt_b="blue", prompt_ab=1.0) == [0, 0, 255]


def test_a_prompt_that_is_understood_is_no_fault():
    maker = maker_that_knows("gold")
    assert maker.make(PICTURES[: maker.frames_wanted], None, prompt("gold")).faults == ()


def test_a_prompt_fades_into_the_next_one_over_the_seconds_that_are_asked_for():
    maker = maker_that_knows("red", "blue")

    def colour(words: str, fade: float) -> list[int]:
        settings = replace(prompt(words), prompt_fade=fade)
        return maker.make(PICTURES[: maker.frames_wanted], None, settings, seconds=0.5).frames[0, 0, 0].tolist()

    assert colour("red", 2.0) == [255, 0, 0]
    assert [colour("blue", 2.0) for _ in range(4)] == [[191, 0, 64], [128, 0, 128], [64, 0, 191], [0, 0, 255]]
    assert colour("red", 0.0) == [255, 0, 0]


def test_a_prompt_fades_over_chunks_if_that_is_the_unit():
    maker = maker_that_knows("red", "blue")

    def colour(words: str) -> list[int]:
        settings = replace(prompt(words), prompt_fade=2.0, prompt_fade_unit="chunks")
        return maker.make(PICTURES[: maker.frames_wanted], None, settings, seconds=0.1).frames[0, 0, 0].tolist()

    assert colour("red") == [255, 0, 0]
    assert [colour("blue") for _ in range(3)] == [[128, 0, 128], [0, 0, 255], [0, 0, 255]]


class RecordingStream(fake_model.FakeStream):
    """A stream that notes what it was asked."""

    controls: Controls

    def paint(self, controls: Controls) -> Chunk:
        RecordingStream.controls = controls
        return super().paint(controls)


def asked(maker: ChunkPipeline, pictures: list[np.ndarray], **values: object) -> Controls:
    settings = replace(prompt("red"), **values)  # type: ignore[arg-type]
    maker.make(pictures[: maker.frames_wanted], None, settings)
    return RecordingStream.controls


SHAPED = {"mask_invert": True, "mask_grow": 2.0, "mask_smooth": 3, "mask_track": True}


def scene(red_from: int) -> list[np.ndarray]:
    """Pictures of dark grey noise with a red patch that moves."""
    pictures = [np.random.default_rng(n).integers(0, 40, (32, 48, 1), np.uint8).repeat(3, axis=2) for n in range(12)]
    for n, picture in enumerate(pictures):
        picture[8:24, red_from + n : red_from + n + 12] = (255, 0, 0)
    return pictures


@pytest.mark.parametrize("source", ["person", "object:ball", "chroma", "ellipse", "luma"])
@pytest.mark.parametrize("values", [{}, SHAPED])
def test_the_mask_that_the_stream_gets_is_the_one_that_is_shown(source: str, values: dict[str, object]):
    detector = Scripted([[Box(n + 4, 8, n + 16, 24, "ball")] for n in range(24)])
    parts = {"segmenters": {"person": RedSegmenter}, "detector": lambda: detector}
    maker = ChunkPipeline(replace(fake_model.load(ModelOptions()), open_stream=RecordingStream, **parts), 32, 48)  # type: ignore[arg-type]
    for _ in range(2):
        pictures = scene(4)[: maker.frames_wanted]
        looks_for = {"mask_source": MaskSource.parse(source), "mask_key": (1.0, 0.0, 0.0), "mask_threshold": 0.25}
        settings = replace(prompt("red"), **looks_for, **values)  # type: ignore[arg-type]
        made = maker.make(pictures, None, settings)
        mask = RecordingStream.controls.mask
        assert mask is not None
        assert RecordingStream.controls.source is not None
        assert mask.shape == (1, 1, len(pictures), 32, 48)
        assert 0 < mask.mean() < 1
        assert made.mask is not None
        assert np.array_equal(made.mask[..., 1], mask[0, 0].numpy() * 255)


def test_what_the_mask_keeps_is_the_inputs_own_to_the_last_bit():
    maker, pictures = maker_that_notes(), scene(4)[:9]
    settings = replace(prompt("green"), mask_source=MaskSource("chroma"), mask_key=(1.0, 0.0, 0.0), mask_feather=0.0)
    made = maker.make(pictures, None, settings)
    mask = RecordingStream.controls.mask
    assert mask is not None
    for frame, picture, kept in zip(made.frames, pictures, mask[0, 0].numpy() == 0):
        assert 0 < kept.mean() < 1
        assert np.array_equal(frame[kept], picture[kept])
        assert (frame[~kept] == (0, 255, 0)).all()


def test_kept_pixels_beyond_the_feather_are_the_inputs_own_and_without_compositing_the_models():
    maker, pictures = maker_that_notes(), scene(4)[:9]
    settings = replace(prompt("green"), mask_source=MaskSource("left"), mask_feather=5.0)
    made = maker.make(pictures, None, settings)
    assert np.array_equal(made.frames[:, :, 29:], np.stack(pictures)[:, :, 29:])
    assert (made.frames[:, :, :19] == (0, 255, 0)).all()
    bare = maker.make(scene(4), None, replace(settings, mask_composite=False))
    assert (bare.frames[:, :-1] == (0, 255, 0)).all()  # the last row has the fake model's corner


def test_a_mask_source_that_is_not_there_is_a_fault_of_its_control():
    made = maker_that_notes().make(PICTURES[:9], None, replace(prompt("red"), mask_source=MaskSource("subject")))
    assert made.faults == (
        (
            "/vace/mask/source",
            "there is nothing here that finds subject; everything is restyled, as there is no mask yet to be held",
        ),
    )
    assert RecordingStream.controls.mask is None


def maker_that_notes(loras: int = 0) -> ChunkPipeline:
    loaded = fake_model.load(ModelOptions())
    return ChunkPipeline(replace(loaded, open_stream=RecordingStream, loras=loras), 32, 48)


def test_a_noise_below_one_starts_from_the_input():
    maker = maker_that_notes()
    assert asked(maker, PICTURES).video is None
    half = asked(maker, PICTURES, noise=0.5)
    assert half.noise == 0.5
    assert half.video is not None
    assert half.video.shape == (1, 3, 12, 32, 48)


def test_what_moves_is_painted_over_less_if_that_is_wanted():
    flicker = [np.full((32, 48, 3), 255 * (n % 2), np.uint8) for n in range(12)]
    still, moving = maker_that_notes(), maker_that_notes()
    assert asked(still, PICTURES, noise=0.8, noise_motion=True).noise == pytest.approx(0.8)
    assert asked(moving, flicker, noise=0.8, noise_motion=True).noise == pytest.approx(0.71)
    assert asked(moving, flicker, noise=0.05, noise_motion=True).noise == 0.05
    assert asked(moving, flicker, noise=0.8).noise == 0.8


def test_the_strengths_of_the_loras_that_are_there_are_passed_on():
    assert asked(maker_that_notes(loras=2), PICTURES, lora_1=0.5, lora_2=-1.0).loras == (0.5, -1.0)
    assert asked(maker_that_notes(), PICTURES, lora_1=0.5).loras == ()


def test_a_strength_for_a_lora_that_is_not_there_is_a_fault_once():
    maker = maker_that_notes(loras=1)
    settings = replace(prompt("red"), lora_1=0.5, lora_3=0.5)
    said = [maker.make(PICTURES[: maker.frames_wanted], None, settings).faults for _ in range(2)]
    assert said[0] == (("/vace/lora/3", "there is no LoRA 3; start with --lora FILE for each"),)
    assert said[1] == ()


def fed(maker: ChunkPipeline, control_frames: list[np.ndarray] | None = None, **values: object):
    """What the stream was given to follow, and the faults."""
    wanted = replace(prompt("a show"), **values)  # type: ignore[arg-type]
    pictures = [np.full((32, 48, 3), 200, np.uint8)] * 12
    count = maker.frames_wanted
    made = maker.make(
        pictures[:count], None, wanted, control_frames=None if control_frames is None else control_frames[:count]
    )
    control = RecordingStream.controls.control
    return None if control is None else round(control.mean().item(), 2), made.faults


def refused_by(maker: ChunkPipeline, **changes) -> tuple[Refused, ...]:
    """What can't be had of these settings."""
    settings = replace(prompt("red"), **changes)
    return maker.make(PICTURES[: maker.frames_wanted], None, settings).refused


def test_a_mask_source_that_nothing_here_finds_is_to_go_back_to_what_it_was():
    maker = maker_that_notes()
    assert refused_by(maker, mask_source=MaskSource.of("Left")) == ()
    shouted = Refused("/vace/mask/source", " PERSON", "Left")  # as they were sent: only so can the front know them
    assert refused_by(maker, mask_source=MaskSource.of(" PERSON")) == (shouted,)
    assert refused_by(maker, mask_source=MaskSource.of("shm:mask")) == (), "what may still come is waited for"
    gone = Refused("/vace/mask/source", "object: Dog", "shm:mask")
    assert refused_by(maker, mask_source=MaskSource.of("object: Dog")) == (gone,)
    assert refused_by(maker, mask_source=MaskSource.of("none")) == ()
    assert refused_by(maker, mask_source=MaskSource.of("person")) == (Refused("/vace/mask/source", "person", "none"),)


def test_a_control_that_nothing_here_makes_is_a_fault_once_and_what_was_followed_still_is():
    loaded = fake_model.load(ModelOptions())
    few = {kind: loaded.annotators[kind] for kind in ("depth", "scribble", "gray")}
    maker = ChunkPipeline(replace(loaded, open_stream=RecordingStream, annotators=few), 32, 48)
    assert fed(maker, control="gray") == (0.57, ())
    followed, faults = fed(maker, control="pose")
    assert followed == 0.57
    assert faults == (
        ("/vace/control", "nothing here makes a pose control; choose one of depth, scribble, gray, raw, none"),
    )
    assert fed(maker, control="pose") == (0.57, ())
    assert refused_by(maker, control="pose") == (Refused("/vace/control", "pose", "gray"),)
    assert fed(maker, control="depth") == (-0.57, ())
    assert refused_by(maker, control="depth") == ()
    maker.reset()
    assert fed(maker, control="flow")[0] is None, "nothing was followed before"


def test_the_input_itself_can_be_the_control_video():
    assert fed(maker_that_notes(), control="raw") == (0.57, ())


def test_a_source_of_its_own_is_followed_raw_or_annotated_once_it_has_come():
    maker = maker_that_notes()
    other = [np.full((32, 48, 3), 100, np.uint8)] * 12
    assert fed(maker, None, control="raw", control_source="shm:lines")[0] is None
    assert fed(maker, other, control="raw", control_source="shm:lines")[0] == -0.22
    assert fed(maker, other, control="depth", control_source="shm:lines")[0] == 0.22
    assert fed(maker, other, control="depth", control_source="")[0] == -0.57


def test_an_annotator_begins_afresh_when_it_is_turned_to_or_its_video_is_another():
    resets = []

    class Remembers(fake_model.Negative):
        def reset(self) -> None:
            resets.append(1)

    loaded = fake_model.load(ModelOptions())
    maker = ChunkPipeline(replace(loaded, open_stream=RecordingStream, annotators={"depth": Remembers()}), 32, 48)
    other = [np.zeros((32, 48, 3), np.uint8)] * 12
    for control, source in (("depth", ""), ("depth", ""), ("depth", "a.mp4"), ("none", "a.mp4"), ("depth", "a.mp4")):
        fed(maker, other, control=control, control_source=source)
    assert len(resets) == 3


def test_the_scale_over_layers_and_steps_and_the_hints_are_passed_on():
    controls = asked(maker_that_notes(), PICTURES, scale_layers=(1.0, 0.5), scale_steps=(2.0, 0.0), hints_every=3)
    assert (controls.layer_scale, controls.step_scale, controls.hint_every) == ((1.0, 0.5), (2.0, 0.0), 3)
    assert asked(maker_that_notes(), PICTURES, reference_mode="joint").reference_mode == "joint"


def test_it_says_what_its_stream_runs_on():
    fake = ChunkPipeline(fake_model.load(ModelOptions()), 32, 48)
    assert fake.runs_on == RunsOn("fake", "on", 2)
    for precision in ("float32", "bfloat16"):
        weights = LoadOptions(precision=precision)
        real = ChunkPipeline(load(ModelOptions(device="cpu", weights=weights)), 32, 48)
        assert real.runs_on == RunsOn("sdpa", "off, as only NVIDIA GPUs have them", 0, precision)
