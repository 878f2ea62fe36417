"""Pictures that are none, and what is done about them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.chunk_result import HandOut, PendingChunk
from backend.engine.device_streams import DeviceStreams
from backend.engine.finished_frames import FinishedFrames
from backend.engine.options import ModelOptions
from backend.engine.stage_times import StageTimes
from backend.engine.unsound import RECENT_CHUNKS, NotANumber, UnsoundChunks, advice, is_one_colour
from tests.backend import troubled_model


def test_first_the_stream_then_the_engine_then_the_user():
    before = UnsoundChunks(restarted=False)
    assert [before.note_bad(), before.note_bad()] == ["reset", "restart"]
    after = UnsoundChunks(restarted=True)
    assert [after.note_bad(), after.note_bad()] == ["hold", "hold"]


@pytest.mark.parametrize(("good", "remedy"), [(RECENT_CHUNKS - 1, "restart"), (RECENT_CHUNKS, "reset")])
def test_good_chunks_make_the_one_before_forgotten(good: int, remedy: str):
    chunks = UnsoundChunks(restarted=False)
    chunks.note_bad()
    for _ in range(good):
        chunks.note_good()
    assert chunks.note_bad() == remedy


def test_an_engine_that_was_restarted_and_did_well_may_be_restarted_again():
    chunks = UnsoundChunks(restarted=True)
    for _ in range(RECENT_CHUNKS):
        chunks.note_good()
    assert [chunks.note_bad(), chunks.note_bad()] == ["reset", "restart"]


def test_only_loras_that_are_played_are_named():
    loras = (Path("a/gold.safetensors"), Path("b/ice.safetensors"))
    assert advice(replace(Settings(), lora_1=0.0, lora_2=0.5), loras) == "set /vace/lora/2 (ice.safetensors) to 0"
    assert "gold" not in advice(replace(Settings(), lora_1=0.0, lora_2=0.0), loras)


def outlet(hand_out: HandOut | None = None) -> FinishedFrames:
    """The way of a chunk's frames, whose source is noise."""
    noise = list(np.random.default_rng(1).integers(0, 255, (9, 32, 48, 3), np.uint8))
    asked = PendingChunk(noise, None, "inpainting", "tag")
    return FinishedFrames(StageTimes("cpu"), DeviceStreams("cpu"), lambda: asked, noise, hand_out, lambda: None)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("part", ["frames", "latents"])
def test_one_value_that_is_no_number_is_enough(value: float, part: str):
    frames, latents = torch.rand(1, 3, 9, 32, 48), torch.rand(1, 16, 3, 4, 6)
    good = outlet()
    good.decoded(frames, latents)
    held = good.held()
    assert held is not None
    assert held.shape == (9, 32, 48, 3)
    {"frames": frames, "latents": latents}[part][0, 1, 2, 3, 5] = value
    with pytest.raises(NotANumber, match="not a number"):
        outlet().decoded(frames, latents)


def test_latents_that_are_no_numbers_anywhere_hold_back_the_first_frames_too():
    latents, taken = torch.zeros(1, 16, 3, 4, 6), []
    latents[0, 0, 2, 0, 0] = float("inf")  # of the last latent frame, which a decoder that clamps would hide
    with pytest.raises(NotANumber):
        outlet(lambda *frames: taken.append(frames)).decoded(torch.rand(1, 3, 1, 32, 48), latents)
    assert not taken


def test_frames_of_one_colour_are_held_back_until_one_has_another():
    taken: list[tuple[int, int]] = []
    out, latents = outlet(lambda frames, first, tag: taken.append((first, len(frames)))), torch.zeros(1)
    for frames in (torch.zeros(1, 3, 1, 32, 48), torch.zeros(1, 3, 4, 32, 48)):
        out.decoded(frames, latents)
    assert (taken, out.faded) == ([], True)
    out.decoded(torch.ones(1, 3, 4, 32, 48), latents)
    assert taken == [(0, 1), (1, 4), (5, 4)]
    assert not out.faded
    assert out.held() is None


def test_one_pixel_makes_more_than_one_colour():
    frames = np.full((9, 64, 96, 3), (7, 8, 9), np.uint8)
    assert is_one_colour(frames)
    frames[8, 63, 95, 2] = 10
    assert not is_one_colour(frames)


@pytest.mark.parametrize(("source", "faded"), [("noise", True), ("black", False)])
def test_a_picture_of_one_colour_has_faded_unless_the_input_is_so_too(tmp_path: Path, source: str, faded: bool):
    pipeline = ChunkPipeline(troubled_model.load(ModelOptions(models=(tmp_path,))), 32, 48)
    noise = np.random.default_rng(1).integers(0, 255, (9, 32, 48, 3), np.uint8)
    frames = list(noise if source == "noise" else 0 * noise)
    assert pipeline.make(frames, None, replace(Settings(), prompt="black", control="none")).faded is faded


def test_a_real_streams_chunk_brings_the_latents_that_are_looked_at():
    from vace_core import Controls, Stream, load

    chunk = Stream(load("pocket"), 32, 48).step(Controls(prompt="gold"))
    assert chunk is not None
    assert chunk.latents is not None
    assert chunk.latents.shape[2:] == (3, 4, 6)
