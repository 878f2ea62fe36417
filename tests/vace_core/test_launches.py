"""What a settled chunk with depth asks of a GPU, counted: kernels, numbers from the host, and whether that grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.vace_core.launches import META, counted, fill, meta_noise, meta_step, settled_stream
from vace_core import passes
from vace_core.conditioning import Reference
from vace_core.config import PIPELINES

__all__ = ["meta_noise"]

LAUNCHES = {
    "longlive": 6575,
    "memflow": 7120,
    "reward-forcing": 7027,
    "streamdiffusion-v2": 7936,
    "krea-realtime": 8804,
}
"""Kernels of one settled chunk at full size, its clean pass included, as they are now: more fail."""


def launches_of(name: str, context_blocks: int) -> int:
    stream = settled_stream(name, context_blocks)
    with counted() as (launches, _):
        meta_step(stream)
    return launches.total


@pytest.mark.usefixtures("meta_noise")
@pytest.mark.parametrize("name", LAUNCHES)
def test_a_settled_chunk_launches_no_more_kernels_than_it_did(name: str) -> None:
    """Counted with one and two context blocks and their main blocks: each further one adds as much."""
    one, two = launches_of(name, 1), launches_of(name, 2)
    further = len(PIPELINES[name].architecture.vace_layers) - 1
    assert one + further * (two - one) == LAUNCHES[name]


REPLAYED = {"longlive": (275, 5), "streamdiffusion-v2": (282, 6), "krea-realtime": (401, 6)}
"""Kernels beside the replays (autoencoder, noise, rotations, copies into the buffers of recordings), and replays."""


class Unplayed:
    """A recorder whose replays do nothing, so that only what is beside them is counted."""

    def __init__(self, device: torch.device) -> None:
        self.replayed = 0

    def warm(self, run: Callable[[], Any]) -> Any:
        return run()

    def record(self, run: Callable[[], Any]) -> Callable[[], Any]:
        made = run()

        def replay() -> Any:
            self.replayed += 1
            return made

        return replay


@pytest.mark.usefixtures("meta_noise")
@pytest.mark.parametrize("name", REPLAYED)
def test_a_chunk_whose_network_calls_are_replayed_launches_few_kernels_beside(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many whatever the depth is."""
    monkeypatch.setattr(passes, "_same", lambda one, other: one is other)  # nothing has an address here
    totals = []
    for depth in (1, 2):
        graphs = Unplayed(META)
        stream = settled_stream(name, depth, graphs=lambda device, graphs=graphs: graphs)
        for _ in range(2):
            meta_step(stream)
        before = graphs.replayed
        with counted() as (launches, made):
            meta_step(stream)
        assert not made.counts
        totals.append((launches.total, graphs.replayed - before))
    assert totals == [REPLAYED[name]] * 2


@pytest.mark.slow
@pytest.mark.usefixtures("meta_noise")
def test_a_chunk_at_full_depth_launches_what_is_reckoned_from_less() -> None:
    assert launches_of("longlive", 0) == LAUNCHES["longlive"]


@pytest.mark.usefixtures("meta_noise")
@pytest.mark.parametrize("name", LAUNCHES)
def test_a_settled_chunk_makes_no_tensor_from_numbers_of_the_host(name: str) -> None:
    stream = settled_stream(name, context_blocks=1)
    with counted() as (launches, made):
        meta_step(stream)
    assert not made.counts
    assert not launches.counts["upload"]


@pytest.mark.usefixtures("meta_noise")
@pytest.mark.parametrize("name", LAUNCHES)
def test_a_stream_that_goes_on_launches_as_much_as_before(name: str) -> None:
    stream, totals = settled_stream(name, context_blocks=1), []
    for chunks in (0, 11):
        fill(stream, chunks)
        with counted() as (launches, _):
            meta_step(stream)
        totals.append(dict(launches.counts))
    assert totals[0] == totals[1]


@pytest.mark.usefixtures("meta_noise")
def test_references_that_come_and_go_leave_the_buffers_where_they_are() -> None:
    stream = settled_stream("longlive", context_blocks=1)
    layers = stream.state.memory.layers
    before = [(layer.rotated, layer.values) for layer in layers]
    pictures = [torch.empty((3, stream.height, stream.width), device="meta") for _ in range(2)]
    for references in ((pictures[0],), tuple(pictures), ()):
        meta_step(stream, references=tuple(Reference(picture) for picture in references))
    after = [(layer.rotated, layer.values) for layer in layers]
    assert all(
        one is other for old, new in zip(before, after, strict=True) for one, other in zip(old, new, strict=True)
    )
