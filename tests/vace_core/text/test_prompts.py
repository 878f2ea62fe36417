"""Keys and values of prompts are made once, and forgotten when the weights change or too many are kept."""

from __future__ import annotations

import pytest
import torch

from tests.vace_core.small import SmallText, transformer
from vace_core.text import Embeddings, Prompts, prompts


class Counted:
    """embed_prompt of a small transformer, counted."""

    def __init__(self) -> None:
        self.model, self.calls = transformer(), 0

    def __call__(self, text: torch.Tensor) -> prompts.Prompt:
        self.calls += 1
        with torch.no_grad():
            return self.model.embed_prompt(text)


def test_a_prompt_seen_before_is_not_made_again() -> None:
    text, embed = SmallText(), Counted()
    known = Prompts(Embeddings(text.encode), embed)
    gold = known((("gold", 1.0),), "linear")
    known((("ice", 1.0),), "linear")
    assert known((("gold", 1.0),), "linear") is gold
    assert (text.calls, embed.calls) == (2, 2)
    known.forget()
    assert known((("gold", 1.0),), "linear") is not gold
    assert (text.calls, embed.calls) == (2, 3)


def test_blends_on_their_way_are_not_kept() -> None:
    embed = Counted()
    known = Prompts(Embeddings(SmallText().encode), embed)
    for way in ("linear", "slerp"):
        known((("gold", 0.5), ("ice", 0.5)), way)
    assert embed.calls == 2


def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    embed = Counted()
    known = Prompts(Embeddings(SmallText().encode), embed)
    size = known((("gold", 1.0),), "linear").nbytes()
    monkeypatch.setattr(prompts, "BYTES_KEPT", 2 * size)
    for name in ("ice", "lava", "ice", "gold"):
        known(((name, 1.0),), "linear")
    assert embed.calls == 4
