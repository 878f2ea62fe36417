"""Our UMT5 is that of transformers: the same weights under the same names give the same embeddings."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import UMT5Config, UMT5EncoderModel

from vace_core.text import umt5_encoder
from vace_core.text.umt5_encoder import Umt5Encoder, Umt5Sizes, bucket_of

SIZES = [
    Umt5Sizes(vocabulary=40, width=16, head=8, inner=32, heads=2, layers=2),
    Umt5Sizes(vocabulary=69, width=24, head=8, inner=48, heads=4, layers=3, buckets=16, farthest=24),
]


def pair(sizes: Umt5Sizes, dtype: torch.dtype = torch.float32) -> tuple[Umt5Encoder, UMT5EncoderModel]:
    """Ours and theirs, with the same weights."""
    config = UMT5Config(
        vocab_size=sizes.vocabulary,
        d_model=sizes.width,
        d_kv=sizes.head,
        d_ff=sizes.inner,
        num_heads=sizes.heads,
        num_layers=sizes.layers,
        relative_attention_num_buckets=sizes.buckets,
        relative_attention_max_distance=sizes.farthest,
    )
    torch.manual_seed(0)
    theirs = UMT5EncoderModel(config).eval()
    nn.Module.to(theirs, dtype)
    theirs.set_input_embeddings(theirs.shared)
    ours = Umt5Encoder(sizes).eval().to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def off_by(ours: Umt5Encoder, theirs: UMT5EncoderModel, length: int = 70) -> float:
    """The largest difference in rows of tokens, of two prompts of which one has padding."""
    ids = torch.randint(2, 40, (2, length), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, length // 2 :] = 0
    with torch.no_grad():
        made, expected = ours(ids, mask), theirs(input_ids=ids, attention_mask=mask).last_hidden_state
        alone, alone_expected = ours(ids[:1]), theirs(input_ids=ids[:1]).last_hidden_state
    assert expected.float().std() > 0.1
    tokens = mask.bool()
    return max(float((a - b).abs().max()) for a, b in ((made[tokens], expected[tokens]), (alone, alone_expected)))


@pytest.mark.parametrize("sizes", SIZES, ids=["as Wan's", "as the bundled one's"])
def test_embeddings_are_those_of_transformers(sizes: Umt5Sizes) -> None:
    assert off_by(*pair(sizes)) < 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_in_half_precision_they_are_as_near_as_its_rounding(dtype: torch.dtype) -> None:
    assert off_by(*pair(SIZES[0], dtype)) < 16 * torch.finfo(dtype).eps


def scaled(plain: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *given, scale: plain(*given)


def exact(plain: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda x, approximate: plain(x)


@pytest.mark.parametrize(("name", "fault"), [("scaled_dot_product_attention", scaled), ("gelu", exact)])
def test_what_is_reckoned_in_another_way_is_noticed(
    name: str, fault: Callable[..., Callable[..., Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = getattr(umt5_encoder.functional, name)
    monkeypatch.setattr("vace_core.text.umt5_encoder.functional", Patched(name, fault(plain)))
    assert off_by(*pair(SIZES[0])) > 1e-5


class Patched:
    """torch.nn.functional with another function in place of one."""

    def __init__(self, name: str, function: Callable[..., Tensor]) -> None:
        setattr(self, name, function)

    def __getattr__(self, name: str) -> object:
        return getattr(nn.functional, name)


def test_near_tokens_have_a_bucket_each_and_far_ones_share_the_last() -> None:
    away = torch.tensor([0, 1, 7, 8, 127, 128, 10_000])
    assert bucket_of(-away, 32, 128).tolist() == [0, 1, 7, 8, 15, 15, 15]
    assert bucket_of(away, 32, 128).tolist() == [0, 17, 23, 24, 31, 31, 31]


def test_both_names_of_the_token_embeddings_are_one_table() -> None:
    ours, _ = pair(SIZES[0])
    assert ours.encoder.embed_tokens is ours.shared
    table = nn.Embedding(40, 16)
    ours.replace_table(table)
    assert ours.encoder.embed_tokens is ours.shared is table


def test_training_begins_with_numbers_as_large_as_those_of_transformers() -> None:
    sizes = Umt5Sizes(vocabulary=400, width=64, head=32, inner=128, heads=4, layers=1)
    _, theirs = pair(sizes)
    expected = theirs.state_dict()
    for name, value in Umt5Encoder(sizes).state_dict().items():
        assert math.isclose(value.std(), expected[name].std(), rel_tol=0.25, abs_tol=1e-6), name


def test_the_bundled_model_is_loaded_without_transformers() -> None:
    """Importing it would take longer than all else that a show begins with."""
    look = "import sys, vace_core; vace_core.load('pocket').text.encode('ice'); print('transformers' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
