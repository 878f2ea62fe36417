"""MemFlow's bank: when frames are recorded, which are kept, and what of it a chunk sees."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.vace_core.small import ARCHITECTURE, LATENT, PER_FRAME, PIPELINE, latents, text, transformer
from vace_core.config import Bank
from vace_core.memory import WindowMemory, WindowState
from vace_core.transformer import Prompt

TIME = torch.tensor([[625.0]])


def memory(bank: Bank) -> WindowMemory:
    return WindowMemory(ARCHITECTURE, *LATENT, replace(PIPELINE, window=12, sink=3, positions="absolute", bank=bank))


def constant(value: float) -> torch.Tensor:
    return torch.full((1, ARCHITECTURE.heads, 3 * PER_FRAME, ARCHITECTURE.head_dim), value)


def prompt() -> Prompt:
    """Text keys that like large keys."""
    ones = torch.ones((1, ARCHITECTURE.heads, 6, ARCHITECTURE.head_dim))
    return Prompt(tuple((ones, ones) for _ in range(ARCHITECTURE.layers)), ())


def run(rule: WindowMemory, state: WindowState, chunks: list[float]) -> list[int]:
    """Chunks whose values are constant; how many frames of the bank each saw."""
    seen = []
    for n, value in enumerate(chunks):
        frames = range(3 * n, 3 * n + 3)
        view = rule.begin(state, frames, prompt=prompt())
        for layer in view.layers:
            layer.attend(constant(1.0), constant(1.0), constant(value))
            # Keys as they are read, so that a frame's score is its value.
            layer.state.rotated[:, :, view.tensors.rows] = value
        rule.commit(state, frames)
        seen.append(3 - view.extent.first // PER_FRAME)
    return seen


def banked(state: WindowState) -> list[float]:
    """The value of each place of the bank, in the order in which it fills."""
    return state.layers[0].values[0, 0, : 3 * PER_FRAME, 0].unflatten(0, (3, -1))[:, 0].flip(0).tolist()


def test_every_third_chunk_is_recorded_and_seen_from_the_next_one_on() -> None:
    rule = memory(Bank())
    assert run(rule, rule.init_state(1, "cpu", torch.float32), [1.0] * 13) == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3]


def test_the_frame_least_to_do_with_the_prompt_goes() -> None:
    rule = memory(Bank())
    state = rule.init_state(1, "cpu", torch.float32)
    values = [0.0] * 14
    for n, value in ((0, 5.0), (3, 1.0), (6, 3.0), (9, 2.0), (12, 4.0)):
        values[n] = value
    run(rule, state, values[:11])
    assert banked(state) == [5.0, 3.0, 2.0]
    again = rule.init_state(1, "cpu", torch.float32)
    run(rule, again, values)
    assert banked(again) == [5.0, 3.0, 4.0]


def test_banked_again_in_every_chunk_the_newest_frame_crowds_the_others_out() -> None:
    """The published behaviour, as an option."""
    values = [0.0] * 13
    for n, value in ((0, 1.0), (3, 2.0), (6, 3.0), (9, 9.0)):
        values[n] = value
    published, ours = memory(Bank(recommit=True)), memory(Bank())
    states = [rule.init_state(1, "cpu", torch.float32) for rule in (published, ours)]
    for rule, state in zip((published, ours), states, strict=True):
        run(rule, state, values)
    assert banked(states[0]) == [9.0, 9.0, 9.0]
    assert banked(states[1]) == [3.0, 2.0, 9.0]


@torch.no_grad()
def test_what_is_banked_is_attended_to() -> None:
    """A chunk changes when the bank does, and not through the window, which is the same."""
    model, rule = transformer(), memory(Bank())
    time, words = model.embed_time(TIME), model.embed_prompt(text())
    state = rule.init_state(1, "cpu", torch.float32)
    for n in range(6):
        view = rule.begin(state, range(3 * n, 3 * n + 3), prompt=words)
        model(latents(3, n), time, words, memory=view.layers, turn=view.turn)
        rule.commit(state, range(3 * n, 3 * n + 3))
    other = state.clone()
    for layer in other.layers:
        layer.values[:, :, : 3 * PER_FRAME] += 1.0
    flows = []
    for each in (state, other):
        view = rule.begin(each, range(18, 21))
        flows.append(model(latents(3, 6), time, words, memory=view.layers, turn=view.turn))
    assert not torch.allclose(*flows)


@torch.no_grad()
def test_sparse_activation_of_all_frames_equals_attention_to_all() -> None:
    model = transformer()
    time, words = model.embed_time(TIME), model.embed_prompt(text())
    flows = []
    for sparse in (0, 6, 2):
        rule = memory(Bank(sparse=sparse))
        state = rule.init_state(1, "cpu", torch.float32)
        for n in range(8):
            view = rule.begin(state, range(3 * n, 3 * n + 3), prompt=words)
            flow = model(latents(3, n), time, words, memory=view.layers, turn=view.turn)
            rule.commit(state, range(3 * n, 3 * n + 3))
        flows.append(flow)
    torch.testing.assert_close(flows[1], flows[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(flows[2], flows[0], atol=1e-4)


def test_a_bank_wants_positions_that_stay() -> None:
    with pytest.raises(ValueError, match="absolute positions"):
        replace(PIPELINE, window=12, sink=3, positions="window", bank=Bank())
