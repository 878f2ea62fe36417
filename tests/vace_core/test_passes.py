"""Network calls that are replayed from recordings give the same bits as calls that run, whatever moves meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.vace_core.recorded_graphs import RecordedGraphs
from tests.vace_core.small import ROWS
from tests.vace_core.test_pipelines import BASE, HEIGHT, WIDTH, small, video
from vace_core import passes
from vace_core.conditioning import Reference
from vace_core.controls import Controls
from vace_core.memory import layer_pass, staggered
from vace_core.memory.layer_pass import LayerPass
from vace_core.parallel import Ranks
from vace_core.state import StreamState
from vace_core.stream import Stream
from vace_core.transformer import model as transformer_model
from vace_core.transformer.rope import rotate

CHUNKS = 24
PROMPTS = ("gold", (("gold", 0.5), ("ice", 0.5)), "ice")
PICTURES = [Reference(video(1, seed)[0, :, 0], strength) for seed, strength in ((50, 1.0), (51, 0.5), (52, 1.5))]
BATCH = "stream batch"
QUICK = (*ROWS, BATCH)
ALL = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in (*BASE, BATCH)]


def plain_stream(name: str) -> Stream:
    """A long window is shortened, so that it is full after a few chunks."""
    model = small("streamdiffusion-v2" if name == BATCH else name)
    if name == BATCH:
        model = replace(model, pipeline=replace(model.pipeline, stream_batch=True))
    if model.pipeline.window > 12:
        model = replace(model, pipeline=replace(model.pipeline, window=3 * model.pipeline.chunk))
    return Stream(model, HEIGHT, WIDTH)


def recorded_stream(name: str, graphs: RecordedGraphs) -> Stream:
    return Stream(replace(plain_stream(name).model, graphs=lambda device: graphs), HEIGHT, WIDTH)


def controls(n: int, frames: int, modes: tuple[str, ...]) -> Controls:
    """A mode for four chunks each; scale, strength and seed move in every chunk, the prompt in every third."""
    given = Controls(
        PROMPTS[n // 3 % 3],
        scale=0.3 + 0.2 * (n % 7),
        layer_scale=(1.0, 0.5 + 0.1 * (n % 3)),
        seed=n // 8,
        loras=(0.2 * (n % 5) - 0.4,),
        hint_every=2 if n // 4 == 4 and "joint" in modes else 1,
    )
    match n // 4 % 5:
        case 0:
            return replace(given, control=video(frames, n))
        case 1:
            pictures = tuple(PICTURES[: 1 + n // 20 * 2])
            mode = modes[n % len(modes)]
            return replace(given, control=video(frames, n), references=pictures, reference_mode=mode)
        case 2:
            mask = (video(frames, n, channels=1) > 0).float()
            return replace(given, source=video(frames, n), mask=mask, pin=n % 2 == 0)
        case 3:
            return replace(given, control=video(frames, n), video=video(frames, n + 9), noise=0.6 + 0.05 * (n % 3))
    return replace(given, control=video(frames, n), scale=0.0 if n % 4 == 3 else given.scale)


def show(stream: Stream) -> list[Tensor | None]:
    """Everything moves; the stream is forked, goes back to a snapshot, and begins anew."""
    made: list[Tensor | None] = []
    snapshot = stream.snapshot()
    for n in range(CHUNKS):
        if n == 9:
            snapshot = stream.snapshot()
        if n == 13:
            stream.restore(snapshot)
        if n == 18:
            stream.reset()
        made.append(step(stream, n))
        if n == 11:
            fork = stream.fork()
            made += [step(fork, n + 1), step(fork, n + 2)]
    return made


def step(stream: Stream, n: int) -> Tensor | None:
    chunk = stream.step(controls(n, stream.frames_wanted, stream.reference_modes))
    stream.settle()
    stream.record_calls()
    return None if chunk is None else chunk.frames


def are_same(ours: list[Tensor | None], expected: list[Tensor | None]) -> bool:
    pairs = zip(ours, expected, strict=True)
    return all(one is other or (one is not None and other is not None and one.equal(other)) for one, other in pairs)


@pytest.mark.parametrize("name", ALL)
def test_a_show_in_which_everything_moves_is_the_same_to_the_bit(name: str) -> None:
    graphs = RecordedGraphs()
    assert are_same(show(recorded_stream(name, graphs)), show(plain_stream(name)))
    assert graphs.replayed >= 10, graphs.replayed


def steady(stream: Stream, start: int, end: int, **changes: Any) -> list[Tensor | None]:
    """Chunks with control, whose prompt, scale, strength and seed move."""
    made: list[Tensor | None] = []
    for n in range(start, end):
        given = Controls(
            PROMPTS[n // 3 % 3],
            control=video(stream.frames_wanted, n),
            scale=0.3 + 0.1 * (n % 5),
            loras=(0.1 * (n % 4) + 0.1,),
            seed=n // 4,
        )
        chunk = stream.step(replace(given, **changes))
        stream.settle()
        stream.record_calls()
        made.append(None if chunk is None else chunk.frames)
    return made


@pytest.mark.parametrize("name", QUICK)
def test_what_moves_within_a_mode_is_recorded_once(name: str) -> None:
    """Of a settled stream: each network call of the mode, and none for another prompt, scale, strength or seed."""
    graphs = RecordedGraphs()
    stream = recorded_stream(name, graphs)
    steady(stream, 0, 16)
    recorded, replayed = graphs.recorded, graphs.replayed
    steady(stream, 16, 22)
    assert graphs.recorded == recorded
    assert graphs.replayed - replayed >= 6


def test_longlive_needs_one_recording_for_its_steps_and_one_for_its_clean_pass() -> None:
    graphs = RecordedGraphs()
    stream = recorded_stream("longlive", graphs)
    steady(stream, 0, 10, prompt="gold")
    assert graphs.recorded == 2
    replayed = graphs.replayed
    steady(stream, 10, 13, prompt="gold")
    assert graphs.replayed - replayed == 3 * 5


def test_a_mode_is_recorded_after_its_second_chunk_was_handed_out_and_never_again() -> None:
    graphs = RecordedGraphs()
    stream = recorded_stream("longlive", graphs)
    steady(stream, 0, 8, prompt="gold")
    counts = []
    for references in ((), PICTURES[:1], PICTURES[:1], PICTURES[:1], (), PICTURES[1:2], ()):
        before = graphs.recorded
        control = video(stream.frames_wanted, 1)
        stream.step(Controls("gold", control=control, references=tuple(references), loras=(0.5,)))
        stream.settle()
        in_step = graphs.recorded - before
        stream.record_calls()
        counts.append((in_step, graphs.recorded - before - in_step))
    assert counts == [(0, 0), (0, 0), (0, 1), (0, 0), (0, 0), (0, 0), (0, 0)]


@pytest.mark.parametrize("way", ["restore", "reset"])
@pytest.mark.parametrize("name", ["longlive", BATCH, "krea-realtime"])
def test_a_stream_that_goes_back_uses_the_recordings_that_it_has(name: str, way: str) -> None:
    graphs = RecordedGraphs()
    stream = recorded_stream(name, graphs)
    steady(stream, 0, 12, prompt="gold")
    snapshot = stream.snapshot()
    steady(stream, 12, 14, prompt="gold")
    recorded, replayed = graphs.recorded, graphs.replayed
    stream.restore(snapshot)
    if way == "restore":
        steady(stream, 12, 14, prompt="gold")
    else:
        stream.reset()
        steady(stream, 0, 9, prompt="gold")  # a window that fills for the second time: its calls are met again
        assert graphs.replayed > replayed
        recorded = graphs.recorded
        steady(stream, 9, 12, prompt="gold")
    assert graphs.recorded == recorded
    assert graphs.replayed > replayed


def bake_scale(patch: pytest.MonkeyPatch) -> None:
    def add(x: Tensor, hint: Tensor, scale: Tensor) -> None:
        x[:, x.shape[1] - hint.shape[1] :].add_(hint, alpha=scale.item())

    patch.setattr(transformer_model, "_add_to_the_last", add)


def leave_prompt(patch: pytest.MonkeyPatch) -> None:
    """Keys and values are the only inputs of four dimensions whose last is a head's size."""
    same = passes._same
    patch.setattr(passes, "_same", lambda one, other: (one.dim() == 4 and one.shape[2] == 6) or same(one, other))


def bake_rows(patch: pytest.MonkeyPatch) -> None:
    def store(self: LayerPass, keys: Tensor, values: Tensor) -> None:
        rows = torch.tensor(self.tensors.rows.tolist())
        self.state.rotated.index_copy_(2, rows, rotate(keys, self.tensors.turn))
        self.state.values.index_copy_(2, rows, values)

    patch.setattr(LayerPass, "store", store)


def replace_buffers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(StreamState, "restored", lambda self, other: other.clone())


def forget_addresses(patch: pytest.MonkeyPatch) -> None:
    replace_buffers(patch)
    for module in (layer_pass, staggered):
        patch.setattr(module, "addresses_of", lambda layers: ())


def going_back(stream: Stream) -> list[Tensor | None]:
    """Back to a snapshot, and on under its prompt: another would read what is remembered again."""
    made = steady(stream, 0, 9)
    snapshot = stream.snapshot()
    made += steady(stream, 9, 11)
    stream.restore(snapshot)
    return made + steady(stream, 11, 14, prompt="ice")


@pytest.mark.parametrize(
    ("fault", "is_caught"),
    [
        (bake_scale, True),
        (leave_prompt, True),
        (bake_rows, True),
        (forget_addresses, True),
        (replace_buffers, False),
        (lambda patch: None, False),
    ],
    ids=["scale baked", "prompt left", "rows baked", "addresses unknown", "buffers replaced, which is known", "none"],
)
def test_a_recording_that_misses_what_moves_gives_other_pictures(
    fault: Callable[[pytest.MonkeyPatch], None], is_caught: bool
) -> None:
    expected = going_back(plain_stream("longlive"))
    with pytest.MonkeyPatch.context() as patch:
        fault(patch)
        eager = going_back(plain_stream("longlive"))
        replayed = going_back(recorded_stream("longlive", RecordedGraphs()))
    assert are_same(eager, expected)
    assert are_same(replayed, expected) is not is_caught


class Refusing(RecordedGraphs):
    def record(self, run: Callable[[], Any]) -> Callable[[], Any]:
        self.recorded += 1
        raise RuntimeError("operation not permitted when stream is capturing")


def test_where_a_call_cannot_be_recorded_the_show_goes_on_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    graphs = Refusing()
    with caplog.at_level(logging.WARNING):
        made = steady(recorded_stream("longlive", graphs), 0, 9)
    assert are_same(made, steady(plain_stream("longlive"), 0, 9))
    assert graphs.recorded == 1
    (record,) = caplog.records
    assert "operation not permitted when stream is capturing" in record.message


def test_a_stream_says_how_many_calls_it_replays_or_why_none() -> None:
    """Two of a settled LongLive: a step and the clean pass."""
    stream, refused = recorded_stream("longlive", RecordedGraphs()), recorded_stream("longlive", Refusing())
    assert stream.recordings == passes.Recordings(0)
    steady(stream, 0, 10, prompt="gold")
    assert stream.recordings == passes.Recordings(2)
    steady(refused, 0, 9)
    assert "could not be recorded (operation not permitted" in refused.recordings.why_not
    assert refused.recordings.count == 0
    assert plain_stream("longlive").recordings.why_not == "only NVIDIA GPUs have them"
    shared = small("longlive").shared_among(Ranks(0, 2))
    assert Stream(shared, HEIGHT, WIDTH).recordings.why_not == "several devices share the stream"


def test_recordings_are_few_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "CALLS_KEPT", 3)
    stream = recorded_stream("longlive", RecordedGraphs())
    assert are_same(show(stream), show(plain_stream("longlive")))
    assert len(stream._passes._calls) <= 3


def test_what_is_staged_lies_in_memory_as_it_came() -> None:
    """What is compiled is compiled for strides: with others a replayed call would run as it is written."""
    calls, seen = passes.Passes(RecordedGraphs()), []

    def run(given: tuple[Tensor]) -> Tensor:
        seen.append(given[0].stride())
        return given[0] + 1

    heads = torch.rand(2, 5, 3, 4).transpose(1, 2)
    for _ in range(2):
        calls("key", run, (heads,))
        calls.record()
    assert seen == [heads.stride()] * 3
