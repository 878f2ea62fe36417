"""A stream on two ranks is the stream on one, whatever it remembers and whatever it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor

from tests.reference import stream_end_to_end
from tests.reference.__main__ import run
from tests.reference.small import transformer as small_transformer
from tests.test_reference import PAIRS
from tests.vace_core.recorded_graphs import RecordedGraphs
from tests.vace_core.small import ARCHITECTURE, PIPELINE, transformer
from vace_core.controls import Controls
from vace_core.parallel import ALONE, Ranks, TokenSplit
from vace_core.stream import Stream
from vace_core.transformer import CausalWan, attention_check

from .shows import FOUR_HEADS, SHOWS, Show
from .two_ranks import TwoRanks

BOUND = 1e-5
"""Of latents of about 1: that the ranks exchange changes nothing, but a product of fewer rows may be summed in another
order. A fault is larger by orders of magnitude, as the tests of faults show."""


def latents(ranks: Ranks, show: str) -> Tensor:
    return SHOWS[show].run(ranks)


def off_by(two_ranks: TwoRanks, show: str, run: Callable[[Ranks, str], Tensor] = latents) -> float:
    """The largest difference of what run(ranks, show) gives on either rank to the show on one."""
    expected = SHOWS[show].run()
    assert expected.std() > 0.1
    return max((made - expected).abs().max().item() for made in two_ranks(run, show))


@pytest.mark.parametrize("show", SHOWS)
def test_two_ranks_make_what_one_does(two_ranks: TwoRanks, show: str) -> None:
    assert off_by(two_ranks, show) < BOUND


def without_a_head(ranks: Ranks, show: str) -> Tensor:
    plain = TokenSplit.to_tokens

    def forgetful(split: TokenSplit, attended: Tensor) -> Tensor:
        return plain(split, attended.index_fill(1, torch.tensor(0), 0.0) if ranks.rank else attended)

    with mock.patch.object(TokenSplit, "to_tokens", forgetful):
        return latents(ranks, show)


def with_a_seed_of_its_own(ranks: Ranks, show: str) -> Tensor:
    def controls(stream: Stream, n: int) -> Controls:
        return replace(SHOWS[show].controls(stream, n), seed=ranks.rank)

    return replace(SHOWS[show], controls=controls).run(ranks)


def with_scores_of_its_own_heads(ranks: Ranks, show: str) -> Tensor:
    with mock.patch.object(Ranks, "all_heads", lambda ranks, own: own):
        return latents(ranks, show)


@pytest.mark.parametrize(
    ("fault", "show"),
    [
        (without_a_head, "window"),
        (with_a_seed_of_its_own, "window"),
        (with_a_seed_of_its_own, "reference, joint"),
        (with_scores_of_its_own_heads, "bank"),
    ],
)
def test_a_rank_that_does_something_else_is_noticed(
    two_ranks: TwoRanks, fault: Callable[[Ranks, str], Tensor], show: str
) -> None:
    assert off_by(two_ranks, show, fault) > 50 * BOUND


def there_and_back(ranks: Ranks) -> dict[str, Tensor]:
    """Frames 3 to 5 of a show: at once, after a reset, after a way back, and by a fork."""
    show = replace(SHOWS["prompt switch"], chunks=3)
    stream = show.open(ranks)
    made = {"once": torch.cat(list(show.latents(stream)), dim=2)}
    snapshot = stream.snapshot()
    fork = stream.fork()
    made["on"] = torch.cat(list(show.latents(stream, 3)), dim=2)
    made["forked"] = torch.cat(list(show.latents(fork, 3)), dim=2)
    stream.restore(snapshot)
    made["restored"] = torch.cat(list(show.latents(stream, 3)), dim=2)
    stream.reset()
    made["again"] = torch.cat(list(show.latents(stream)), dim=2)
    return made


def test_reset_snapshot_restore_and_fork_do_on_two_ranks_what_they_do_on_one(two_ranks: TwoRanks) -> None:
    expected = there_and_back(ALONE)
    for made in two_ranks(there_and_back):
        assert max((made[name] - expected[name]).abs().max().item() for name in expected) < BOUND
        assert torch.equal(made["again"], made["once"])
        assert torch.equal(made["restored"], made["on"])
        assert torch.equal(made["forked"], made["on"])


def remembered_bytes(ranks: Ranks, show: str) -> int:
    stream = SHOWS[show].open(ranks)
    return sum(layer.nbytes() for layer in stream.state.memory.layers)


@pytest.mark.parametrize("show", ["window", "bank", "sink that follows"])
def test_each_rank_remembers_its_share_of_the_heads(two_ranks: TwoRanks, show: str) -> None:
    assert two_ranks(remembered_bytes, show) == [remembered_bytes(ALONE, show) // 2] * 2


def sent_in_a_chunk(ranks: Ranks) -> tuple[int, int]:
    """Exchanges of a settled chunk with its clean pass, and the bytes that this rank sent to others."""
    show = replace(SHOWS["window"], chunks=3)
    stream, sent = show.open(ranks), []
    plain = Ranks.exchange

    def counted(ranks: Ranks, parts: Sequence[Tensor], shapes: Sequence[Sequence[int]]) -> list[Tensor]:
        sent.append(sum(part.nbytes for n, part in enumerate(parts) if n != ranks.rank))
        return plain(ranks, parts, shapes)

    list(show.latents(stream))
    stream.settle()
    with mock.patch.object(Ranks, "exchange", counted):
        stream.step(show.controls(stream, 3))
        stream.settle()
    return len(sent), sum(sent)


def test_a_block_sends_what_the_docs_say(two_ranks: TwoRanks) -> None:
    """Two exchanges a block and one a forward; 4 N D (R - 1) / R^2 numbers a block and rank."""
    a, forwards, ranks = FOUR_HEADS, 5, 2
    tokens = 3 * 6
    blocks = 4 * (a.layers + len(a.vace_layers)) + a.layers
    of_blocks = blocks * 4 * tokens * a.dim * (ranks - 1) // ranks**2
    of_flows = forwards * (ranks - 1) * tokens // ranks * 4 * a.latent_channels
    assert two_ranks(sent_in_a_chunk) == [(2 * blocks + forwards, 4 * (of_blocks + of_flows))] * 2


def recorders(ranks: Ranks, show: str) -> int:
    """How many a stream makes of those that its model would have it record with."""
    graphs = mock.Mock(side_effect=RecordedGraphs)
    Stream(replace(SHOWS[show].model(ranks), graphs=graphs), *SHOWS[show].size)
    return graphs.call_count


def test_ranks_record_no_network_calls(two_ranks: TwoRanks) -> None:
    assert recorders(ALONE, "window") == 1
    assert two_ranks(recorders, "window") == [0, 0]


def heads_tried(ranks: Ranks, show: str) -> set[int]:
    """With how many heads a stream tries attention, where it is not spared as on a processor."""
    with (
        mock.patch.object(attention_check, "_choice", attention_check._choice.__wrapped__),
        mock.patch.object(attention_check, "LESS_HEADS", 100),
        mock.patch.object(attention_check, "inputs_of", wraps=attention_check.inputs_of) as inputs_of,
    ):
        SHOWS[show].open(ranks)
    return {call.args[1] for call in inputs_of.call_args_list}


def test_each_rank_tries_attention_at_its_own_heads(two_ranks: TwoRanks) -> None:
    assert heads_tried(ALONE, "window") == {4}
    assert two_ranks(heads_tried, "window") == [{2}, {2}]


def sixteen_pixels(ranks: Ranks) -> str:
    with pytest.raises(ValueError, match=r"1 tokens cannot be shared by 2 devices") as refused:
        Stream(Show(PIPELINE).model(ranks), 16, 16)
    return str(refused.value)


def test_a_size_with_fewer_tokens_than_ranks_is_refused(two_ranks: TwoRanks) -> None:
    assert all("go larger" in told for told in two_ranks(sixteen_pixels))


@pytest.mark.parametrize(
    ("heads", "devices", "possible"), [(12, 5, "2 or 3 or 4 or 6 or 12"), (40, 3, "2 or 4 or 5 or 8 or 10 or 20 or 40")]
)
def test_heads_that_do_not_divide_are_refused_with_the_numbers(heads: int, devices: int, possible: str) -> None:
    model = transformer(architecture=replace(ARCHITECTURE, dim=8 * heads, heads=heads, layers=1, vace_layers=(0,)))
    told = f"{heads} heads of attention cannot be shared equally by {devices} devices; use {possible}"
    with pytest.raises(ValueError, match=f"^{told}$"):
        model.share_among(Ranks(0, devices))
    assert model.ranks is ALONE


def published(ranks: Ranks, folder: Path) -> list[tuple[str, float, float]]:
    with mock.patch.object(stream_end_to_end, "transformer", partial(shared_transformer, ranks)), torch.no_grad():
        return [(line.case, line.error or 0.0, line.tolerance or 0.0) for line in run(folder, "stream_end_to_end")]


def shared_transformer(ranks: Ranks, *given: Any) -> CausalWan:
    network = small_transformer(*given)
    network.share_among(ranks)
    return network


@pytest.mark.slow  # in the quick tests one rank makes what they do, and two what one does
@pytest.mark.skipif(not (PAIRS / "stream_end_to_end.json").exists(), reason="the reference numbers are not here")
def test_two_ranks_make_what_the_published_programs_do(two_ranks: TwoRanks) -> None:
    for lines in two_ranks(published, PAIRS):
        assert len(lines) > 50
        assert not [line for line in lines if not line[1] <= line[2]]
