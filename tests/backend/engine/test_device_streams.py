"""What is queued before what: with a stand-in for the copies of a graphics card, which are done when they are waited
for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.device_streams import DeviceStreams, HostCopy
from backend.engine.options import ModelOptions
from tests.backend import fake_model
from tests.backend.marker import settings

FRAMES = [np.random.default_rng(n).integers(0, 256, (32, 48, 3), np.uint8) for n in range(12)]
WANTED = settings(control="raw")


class Late(HostCopy):
    """A copy that is on its way until somebody waits for it."""

    def __init__(self, tensor: Tensor, log: list[str]) -> None:
        super().__init__(tensor)
        self._log = log

    @property
    def on_its_way(self) -> bool:
        return True

    def wait(self) -> np.ndarray:
        self._log.append("wait")
        return super().wait()


class Settling(fake_model.FakeStream):
    log: list[str]
    broken = False

    def settle(self) -> None:
        self.log.append("settle")
        if self.broken:
            raise RuntimeError("no memory left")


def show(log: list[str]) -> tuple[ChunkPipeline, Settling]:
    streams: list[Settling] = []

    def open_stream(height: int, width: int) -> Settling:
        streams.append(Settling(height, width))
        streams[0].log = log
        return streams[0]

    model = replace(fake_model.load(ModelOptions(models=(Path(),))), open_stream=open_stream)
    return ChunkPipeline(model, 32, 48), streams[0]


def handed_out(log: list[str], pipeline: ChunkPipeline) -> int:
    """How many frames a chunk hands out early."""
    return pipeline.make(
        FRAMES[: pipeline.frames_wanted], None, WANTED, hand_out=lambda frames, first, tag: log.append("out")
    ).handed_out


def test_the_clean_pass_is_queued_before_the_frames_are_waited_for(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []
    monkeypatch.setattr(DeviceStreams, "to_host", lambda self, tensor: Late(tensor, log))
    pipeline, _ = show(log)
    assert handed_out(log, pipeline) == 9
    assert log.index("settle") < log.index("wait")
    assert log.count("out") == 3


def test_a_processor_hands_out_first_as_there_nothing_is_queued():
    log: list[str] = []
    pipeline, _ = show(log)
    assert handed_out(log, pipeline) == 9
    pipeline.settle()
    assert log == ["out", "out", "out", "settle"]


def test_frames_that_are_finished_come_out_although_the_clean_pass_fails(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []
    monkeypatch.setattr(DeviceStreams, "to_host", lambda self, tensor: Late(tensor, log))
    pipeline, stream = show(log)
    stream.broken = True
    with pytest.raises(RuntimeError, match="no memory left"):
        handed_out(log, pipeline)
    assert log.count("out") == 3


def test_what_is_for_the_eye_is_made_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    log: list[str] = []
    monkeypatch.setattr("backend.engine.chunk_result.pixels", lambda video: log.append("for the eye"))
    pipeline, _ = show(log)
    chunk = pipeline.make(FRAMES[:9], None, WANTED)
    assert log == []
    assert [chunk.control, chunk.control] == [None, None]
    assert log == ["for the eye"], "once"
