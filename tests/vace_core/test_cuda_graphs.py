"""Where network calls are recorded as CUDA graphs: which device has them, and what a stream is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
import torch

from tests.vace_core.recorded_graphs import RecordedGraphs
from vace_core.checkpoints.options import LoadOptions
from vace_core.cuda_graphs import CudaGraphs, graphs_for, recording_trouble, why_none
from vace_core.load import load

T = TypeVar("T")
CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("device", "wanted", "expected"),
    [
        (GPU, "auto", CudaGraphs),
        (GPU, "on", CudaGraphs),
        (GPU, "off", None),
        (CPU, "auto", None),
        (CPU, "off", None),
        (torch.device("mps"), "auto", None),
    ],
)
def test_graphs_are_for_nvidia_gpus_unless_they_are_off(device: torch.device, wanted: str, expected: object) -> None:
    assert graphs_for(device, wanted) is expected


def test_graphs_that_a_device_has_not_are_refused_before_anything_is_loaded() -> None:
    with pytest.raises(ValueError, match="graphs are on, but only NVIDIA GPUs have them, not cpu; choose auto or off"):
        load("pocket", "cpu", options=LoadOptions(graphs="on"))


def test_a_model_on_the_processor_records_nothing() -> None:
    assert load("pocket").graphs is None


@pytest.mark.parametrize(
    ("device", "words"), [(GPU, "--graphs off was asked for"), (CPU, "only NVIDIA GPUs have them")]
)
def test_a_stream_without_graphs_says_why(device: torch.device, words: str) -> None:
    assert why_none(device) == words


class Stale(RecordedGraphs):
    """As a kernel behaves that is launched outside of what is captured."""

    def record(self, run: Callable[[], T]) -> Callable[[], T]:
        made = run()
        return lambda: made


class Refusing(RecordedGraphs):
    def record(self, run: Callable[[], T]) -> Callable[[], T]:
        raise RuntimeError("operation not permitted\nand more")


def test_graphs_are_tried_and_what_is_wrong_with_them_is_found() -> None:
    assert recording_trouble(RecordedGraphs(), CPU) == ""
    assert recording_trouble(Stale(), CPU) == "a replay repeats what was computed when it was recorded"
    assert recording_trouble(Refusing(), CPU) == "a product could not be recorded (operation not permitted)"


class FakeCuda:
    """What `CudaGraphs` asks of `torch.cuda`, noted in order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        noted, now = self.calls, "main"

        class FakeStream:
            def __init__(self, name: object) -> None:
                self.name = "side" if isinstance(name, torch.device) else "main"

            def wait_stream(self, other: FakeStream) -> None:
                noted.append(f"{self.name} waits for {other.name}")

        class FakeGraph:
            def capture_begin(self, pool: str, capture_error_mode: str) -> None:
                noted.append(f"begin on {now} in {pool}, {capture_error_mode}")

            def capture_end(self) -> None:
                noted.append("end")
                if "broken" in noted:
                    raise RuntimeError("capture was invalidated")

            def replay(self) -> None:
                noted.append("replay")

        @contextmanager
        def on(stream: FakeStream) -> Iterator[None]:
            nonlocal now
            now = stream.name
            yield
            now = "main"

        patch.setattr(torch.cuda, "Stream", FakeStream)
        patch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
        patch.setattr(torch.cuda, "stream", on)
        patch.setattr(torch.cuda, "current_stream", lambda device: FakeStream("main"))
        patch.setattr(torch.cuda, "graph_pool_handle", lambda: "one pool")


def test_a_call_is_recorded_on_a_stream_of_its_own_and_lets_other_threads_work(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda(monkeypatch)
    replay = CudaGraphs(GPU).record(lambda: cuda.calls.append("run") or torch.ones(1))
    assert cuda.calls == ["side waits for main", "begin on side in one pool, thread_local", "run", "end"]
    assert replay() is replay()
    assert cuda.calls[4:] == ["replay", "replay"]


def test_what_breaks_a_recording_is_told_and_not_what_follows_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda(monkeypatch)

    def run() -> None:
        cuda.calls.append("broken")
        raise RuntimeError("a copy from pageable memory")

    with pytest.raises(RuntimeError, match="a copy from pageable memory"):
        CudaGraphs(GPU).record(run)
    assert cuda.calls[-1] == "end"
