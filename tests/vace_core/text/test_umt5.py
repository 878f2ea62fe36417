"""The text encoder: length, padding, and names both ways."""

from __future__ import annotations

import pytest
import torch
from transformers import UMT5Config, UMT5EncoderModel

from vace_core.checkpoints.errors import CheckpointError
from vace_core.checkpoints.text import from_transformers, to_transformers
from vace_core.text import TextEncoder

PUBLISHED = (
    ["token_embedding.weight", "norm.weight"]
    + [f"blocks.{n}.norm{i}.weight" for n in (0, 1) for i in (1, 2)]
    + [f"blocks.{n}.attn.{kind}.weight" for n in (0, 1) for kind in "qkvo"]
    + [f"blocks.{n}.ffn.{part}.weight" for n in (0, 1) for part in ("gate.0", "fc1", "fc2")]
    + [f"blocks.{n}.pos_embedding.embedding.weight" for n in (0, 1)]
)


def encoder() -> UMT5EncoderModel:
    torch.manual_seed(0)
    config = UMT5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=2)
    return UMT5EncoderModel(config).eval()


def tokens(prompt: str) -> list[int]:
    return [ord(letter) % 38 + 2 for letter in prompt] + [1]


def test_a_prompt_is_filled_with_zeros_and_a_longer_one_is_cut() -> None:
    text = TextEncoder(encoder(), tokens, length=6)
    short = text.encode("abc")
    assert short.shape == (1, 6, 16)
    assert (short[:, 4:] == 0).all()
    assert (short[:, :4].abs().sum(-1) > 0).all()
    assert text.encode("a much longer prompt").shape == (1, 6, 16)
    assert text.encode("").shape == (1, 6, 16)


def test_a_prompt_that_is_cut_still_ends_with_the_closing_token() -> None:
    text = TextEncoder(encoder(), tokens, length=6)
    kept = torch.tensor([[*tokens("a much longer prompt")[:5], 1]])
    torch.testing.assert_close(text.encode("a much longer prompt"), text(kept), atol=1e-5, rtol=1e-5)


def test_another_checkpoint_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"no token_embedding.weight among 1 keys \(first: \['blocks.0.x'\]\)"):
        to_transformers({"blocks.0.x": torch.zeros(1)})


def test_padding_does_not_change_what_a_prompt_means() -> None:
    text = TextEncoder(encoder(), tokens, length=8)
    ids = torch.tensor([[*tokens("abc"), 0, 0]])
    mask = (ids > 0).long()
    torch.testing.assert_close(text(ids, mask), text.encode("abc"), atol=1e-5, rtol=1e-5)


def test_names_go_to_published_ones_and_back() -> None:
    weights = encoder().state_dict()
    published = from_transformers(weights, PUBLISHED)
    assert set(published) == set(PUBLISHED)
    assert all(torch.equal(value, weights[key]) for key, value in to_transformers(published).items())
