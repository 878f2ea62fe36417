"""Annotators are made when they are first asked for, and one that can't be had is a fault, not the end of a chunk."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.controls.choices import ANNOTATIONS
from backend.controls.settings import Settings
from backend.controls.table import TABLE
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.load import chosen_devices, load
from backend.engine.model import LazyAnnotators
from backend.engine.options import ModelOptions
from bridge.control.mailbox import Mailbox
from vace_core.checkpoints.options import LoadOptions

from .. import fake_model

PICTURES = [np.full((32, 48, 3), 90, np.uint8)] * 12


def settings(control: str) -> Settings:
    return replace(Settings.from_values(Mailbox(TABLE).snapshot()), control=control, prompt="a control")


def missing() -> fake_model.Negative:
    raise ValueError("the network is not on this machine: run `hf download it`")


def test_an_annotator_is_made_once_and_not_before_it_is_asked_for():
    made: list[str] = []
    annotators = LazyAnnotators({"depth": lambda: made.append("depth") or fake_model.Negative(), "pose": missing})
    assert set(annotators) == {"depth", "pose"}
    assert made == []
    assert annotators["depth"] is annotators["depth"]
    assert made == ["depth"]


def test_an_annotator_that_cannot_be_had_is_a_fault_and_the_chunk_is_made_without_control():
    loaded = replace(
        fake_model.load(ModelOptions()), annotators=LazyAnnotators({"depth": fake_model.Negative, "pose": missing})
    )
    maker = ChunkPipeline(loaded, 32, 48)
    made = maker.make(PICTURES[: maker.frames_wanted], None, settings("pose"))
    assert made.control is None
    assert len(made.frames) == 9
    assert made.faults == (("/vace/control", "the network is not on this machine: run `hf download it`"),)
    made = maker.make(PICTURES[: maker.frames_wanted], None, settings("depth"))
    assert made.control is not None
    assert made.faults == ()


def test_the_bundled_model_has_every_annotator_of_the_table_and_what_masks_need():
    loaded = load(ModelOptions(device="cpu"))
    assert set(loaded.annotators) == set(ANNOTATIONS)
    assert set(loaded.segmenters) == {"person", "subject"}
    assert loaded.detector is not None
    assert [*loaded.detector().names] == ["thing"]  # type: ignore[attr-defined]


def test_a_stream_names_the_attention_that_its_own_model_runs_on():
    streams = {
        wanted: load(replace(ModelOptions(device="cpu"), weights=LoadOptions(attention=wanted))).open_stream(32, 48)
        for wanted in ("math", "auto")
    }
    assert {wanted: stream.attention.words() for wanted, stream in streams.items()} == {"math": "math", "auto": "sdpa"}


@pytest.mark.parametrize("what", ["depth-anything-v2-small", "video-depth-anything"])
def test_a_network_that_is_not_here_is_told_when_it_is_asked_for(what: str, tmp_path):
    choice = ModelOptions(device="cpu", models=(tmp_path,))
    loaded = load(replace(choice, annotators=replace(choice.annotators, depth=what)))
    with pytest.raises(ValueError, match=r"is not on this machine: run `hf download depth-anything/"):
        loaded.annotators["depth"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_of_several_devices_each_has_to_be_there():
    with pytest.raises(ValueError, match="there is no device 'cuda:0' on this machine"):
        load(ModelOptions(devices=("cuda:0", "cuda:1")))


def test_where_pytorch_has_no_exchange_between_gpus_that_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.distributed.is_backend_available", lambda name: name != "nccl")
    with pytest.raises(ValueError, match="this PyTorch has no NCCL, by which several cuda devices exchange"):
        chosen_devices(("cuda:0", "cuda:1"))
