"""The window memory: chunked equals whole, rules of eviction and position, static buffers."""

from __future__ import annotations

from dataclasses import replace

import torch

from tests.vace_core.small import ARCHITECTURE, LATENT, PER_FRAME, PIPELINE, latents, text, transformer
from vace_core.memory import WindowMemory
from vace_core.transformer import block_causal_mask

TIME = torch.tensor([[625.0]])


def window(frames: int, sink: int = 0, positions: str = "absolute") -> WindowMemory:
    return WindowMemory(ARCHITECTURE, *LATENT, replace(PIPELINE, window=frames, sink=sink, positions=positions))


@torch.no_grad()
def test_chunks_through_a_window_that_holds_all_equal_one_block_causal_pass() -> None:
    model = transformer()
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    video = latents(9, 1)
    whole = model(video, time, prompt, mask=block_causal_mask(9, 3, PER_FRAME))
    for positions in ("absolute", "window"):
        memory = window(9, positions=positions)
        state = memory.init_state(1, "cpu", torch.float32)
        for start in (0, 3, 6):
            view = memory.begin(state, range(start, start + 3))
            part = model(video[:, :, start : start + 3], time, prompt, memory=view.layers, turn=view.turn)
            torch.testing.assert_close(part, whole[:, :, start : start + 3], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_later_steps_of_a_chunk_write_over_the_earlier_ones() -> None:
    model, memory = transformer(), window(6)
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())

    def last(steps: tuple[int, ...]) -> torch.Tensor:
        state = memory.init_state(1, "cpu", torch.float32)
        for start in (0, 3, 6):
            view = memory.begin(state, range(start, start + 3))
            for seed in (*steps, start):
                flow = model(latents(3, seed), time, prompt, memory=view.layers, turn=view.turn)
        return flow

    torch.testing.assert_close(last(()), last((7, 8)))


def test_the_sink_stays_and_the_oldest_of_the_rest_go() -> None:
    memory = window(12, sink=3)
    state = memory.init_state(1, "cpu", torch.float32)
    for start in range(0, 30, 3):
        memory.begin(state, range(start, start + 3))
    assert sorted(state.frames) == [0, 1, 2, *range(21, 30)]


@torch.no_grad()
def test_counted_from_the_window_a_stream_is_the_same_however_late_it_starts() -> None:
    """Positions relative to the window: frame numbers a million apart give the same result."""
    model, memory = transformer(), window(6, positions="window")
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    flows = []
    for offset in (0, 3_000_000):
        state = memory.init_state(1, "cpu", torch.float32)
        for n in range(4):
            view = memory.begin(state, range(offset + 3 * n, offset + 3 * n + 3))
            flow = model(latents(3, n), time, prompt, memory=view.layers, turn=view.turn)
        flows.append(flow)
    torch.testing.assert_close(*flows)


@torch.no_grad()
def test_a_window_counted_stream_equals_a_pass_over_what_it_remembers() -> None:
    """After eviction, too: rows that moved to another position are turned again."""
    model, memory = transformer(), window(6, positions="window")
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    state = memory.init_state(1, "cpu", torch.float32)
    for n in range(3):
        view = memory.begin(state, range(3 * n, 3 * n + 3))
        flow = model(latents(3, n), time, prompt, memory=view.layers, turn=view.turn)
    order = [state.frames.index(frame) for frame in range(3, 9)]
    fresh = window(6, positions="window")
    copy = fresh.init_state(1, "cpu", torch.float32)
    fresh.begin(copy, range(3, 6))
    for ours, theirs in zip(copy.layers, state.layers, strict=True):
        for kind in ("keys", "values"):
            rows = getattr(theirs, kind).unflatten(2, (6, PER_FRAME))[:, :, order].flatten(2, 3)
            getattr(ours, kind).copy_(rows)
    copy.frames[:] = [3, 4, 5, -1, -1, -1]
    copy.positions[:] = [-1] * 6
    view = fresh.begin(copy, range(6, 9), [3, 4, 5])
    again = model(latents(3, 2), time, prompt, memory=view.layers, turn=view.turn)
    torch.testing.assert_close(again, flow, atol=1e-5, rtol=1e-4)


def test_buffers_never_move_or_grow() -> None:
    memory = window(6)
    state = memory.init_state(1, "cpu", torch.float32)
    before = [t.data_ptr() for layer in state.layers for t in layer.tensors()]
    size = state.nbytes()
    model = transformer()
    time, prompt = model.embed_time(TIME), model.embed_prompt(text())
    with torch.no_grad():
        for start in range(0, 30, 3):
            view = memory.begin(state, range(start, start + 3))
            model(latents(3, start), time, prompt, memory=view.layers, turn=view.turn)
    assert before == [t.data_ptr() for layer in state.layers for t in layer.tensors()]
    assert state.nbytes() == size
