"""Pictures that are none, and what is done about them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.controls.settings import Settings
from backend.engine.chunk_pipeline import ChunkPipeline, is_one_colour, sound_pixels
from backend.engine.options import ModelOptions
from backend.engine.unsound import RECENT_CHUNKS, NotANumber, UnsoundChunks, advice
from tests.backend import troubled_model
from vace_core.stream import Chunk


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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("part", ["frames", "latents"])
def test_one_value_that_is_no_number_is_enough(value: float, part: str):
    frames, latents = torch.rand(1, 3, 9, 32, 48), torch.rand(1, 16, 3, 4, 6)
    assert sound_pixels(Chunk(frames, "text", 0, latents)).shape == (9, 32, 48, 3)
    {"frames": frames, "latents": latents}[part][0, 1, 2, 3, 5] = value
    with pytest.raises(NotANumber, match="not a number"):
        sound_pixels(Chunk(frames, "text", 0, latents))


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
