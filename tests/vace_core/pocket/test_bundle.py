"""The bundled weights: they load, they are small, they make a stream, and missing ones are named."""

import pytest
import torch
from safetensors.torch import save_file

from tests.vace_core.small import step
from vace_core.checkpoints.options import LoadOptions, Quantise
from vace_core.config import PIPELINES
from vace_core.controls import Controls
from vace_core.errors import CheckpointError
from vace_core.load import load
from vace_core.pocket.loading import PARTS, WEIGHTS, load_pocket
from vace_core.stream import Stream
from vace_core.transformer.quantised import Int8Linear

ENDS = {"A": (4, 192), "B": (640, 4)}
"""A LoRA's two matrices, for a layer from 192 to 640."""


def test_the_bundle_is_complete_and_small():
    sizes = [(WEIGHTS / f"{part}.safetensors").stat().st_size for part in PARTS]
    assert sum(sizes) < 40 * 2**20


def test_a_missing_part_is_named_with_what_to_do(tmp_path):
    with pytest.raises(CheckpointError, match=r"transformer is missing.*pocket\.train"):
        load_pocket(PIPELINES["pocket"], torch.device("cpu"), folder=tmp_path)


def test_loras_and_number_formats_are_its_too(tmp_path):
    file = tmp_path / "style.safetensors"
    save_file({f"blocks.0.ffn.0.lora_{end}.weight": torch.ones(size) for end, size in ENDS.items()}, file)
    model = load("pocket", options=LoadOptions(loras=(file,), quantise=Quantise(context="int8")))
    assert model.loras is not None
    assert model.loras.names == ("style",)
    assert isinstance(model.transformer.get_submodule("vace_blocks.0.ffn.0"), Int8Linear)
    assert isinstance(model.transformer.get_submodule("blocks.0.ffn.0"), torch.nn.Linear)


def test_the_autoencoders_of_others_are_refused():
    with pytest.raises(ValueError, match="has an autoencoder and a text encoder of its own"):
        load("pocket", options=LoadOptions(autoencoder="wan"))


@torch.inference_mode()
def test_the_prompt_changes_the_picture_and_the_control_shapes_it():
    model = load("pocket")
    control = torch.full((1, 3, 9, 128, 192), -1.0)
    control[..., 30:100, 60:130] = 1.0
    prompts = ("gold in a studio", "ice under the aurora")
    gold, ice = (step(Stream(model, 128, 192), Controls(prompt, control=control)).frames for prompt in prompts)
    assert gold.shape == (1, 3, 9, 128, 192)
    assert (gold - ice).abs().mean() > 0.1
    inside, outside = gold[..., 40:90, 70:120], gold[..., :20, :40]
    warmth = (inside[:, 0] - inside[:, 2]).mean() - (outside[:, 0] - outside[:, 2]).mean()
    assert warmth > 0.1
