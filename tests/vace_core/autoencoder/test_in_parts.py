"""An autoencoder that works on one latent frame at a time: the same as the whole, with less at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.vace_core.autoencoder.test_streaming import latents, transforming, video, wan
from tests.vace_core.small import model, tiny_autoencoder
from vace_core.autoencoder.in_parts import InParts
from vace_core.autoencoder.tiny import TinyAutoencoder
from vace_core.autoencoder.wan import WanAutoencoder
from vace_core.controls import Controls
from vace_core.stream import Stream

EACH = pytest.mark.parametrize("make", [tiny_autoencoder, transforming, wan])
CALLS: list[tuple[str, Callable[[int], Tensor], tuple[int, int]]] = [
    ("encode", video, (9, 12)),
    ("decode", latents, (3, 3)),
]
HEIGHT, WIDTH = 480, 832


@EACH
@pytest.mark.parametrize(("way", "made", "counts"), CALLS, ids=["encode", "decode"])
@torch.no_grad()
def test_a_stream_may_go_over_from_the_whole_to_parts_and_back(
    make: Any, way: str, made: Callable[[int], Tensor], counts: tuple[int, int]
) -> None:
    whole = make()
    begin, go_on = (getattr(each, way) for each in (whole, InParts(whole)))
    first, second = made(sum(counts)).split(counts, dim=2)
    expected, state = begin(first)
    parts, state_of_parts = go_on(first)
    torch.testing.assert_close(parts, expected, atol=1e-5, rtol=1e-5)
    expected, _ = begin(second, state)
    for given in (go_on(second, state), go_on(second, state_of_parts), begin(second, state_of_parts)):
        torch.testing.assert_close(given[0], expected, atol=1e-5, rtol=1e-5)


def largest(network: nn.Module, call: Callable[[Tensor, Any], Any], given: Tensor, state: Any) -> int:
    """Numbers in the largest tensor that any layer of the network takes or gives during a call."""
    sizes = [0]

    def note(_: nn.Module, taken: tuple[Any, ...], made: Any) -> None:
        tensors = [part for part in (*taken, made) if isinstance(part, Tensor)]
        sizes.extend(part.numel() for part in tensors)

    layers = [layer for layer in network.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    call(given, state)
    for hook in hooks:
        hook.remove()
    return max(sizes)


@pytest.mark.parametrize("make", [TinyAutoencoder, WanAutoencoder])
@pytest.mark.parametrize("latent_frames", [3, 9])
@torch.no_grad()
def test_what_layers_hand_on_is_as_large_as_one_latent_frame_makes_it(make: Any, latent_frames: int) -> None:
    """At the published sizes, on a device that keeps nothing but shapes."""
    with torch.device("meta"):
        whole = make().eval().to("meta")
        pixels = torch.empty(1, 3, 4 * latent_frames, HEIGHT, WIDTH)
        coded = torch.empty(1, 16, latent_frames, HEIGHT // 8, WIDTH // 8)
        encoder, decoder = whole.encode(pixels[:, :, :1])[1], whole.decode(coded[:, :, :1])[1]
    for way, given, state in (("encode", pixels, encoder), ("decode", coded, decoder)):
        at_once, in_parts = (largest(whole, getattr(each, way), given, state) for each in (whole, InParts(whole)))
        one = given[:, :, : given.shape[2] // latent_frames]
        assert in_parts == largest(whole, getattr(whole, way), one, state)
        assert in_parts < at_once * (0.5 if latent_frames == 3 else 0.2)


def test_a_stream_in_parts_equals_one_that_is_whole() -> None:
    """With a mask and a video, so that all that is encoded in a chunk is."""
    weights = model()
    chunks = []
    for in_parts in ((False, False, False), (True, True, True), (False, True, False)):
        stream, frames = Stream(weights, 32, 48), []
        for each in in_parts:
            shape = (1, 3, stream.frames_wanted, 32, 48)
            seen = torch.rand(shape, generator=torch.Generator().manual_seed(len(frames))) * 2 - 1
            mask = (seen[:, :1] > 0).float()
            controls = Controls(
                "ice", control=seen, source=-seen, mask=mask, video=seen, noise=0.7, seed=4, in_parts=each
            )
            chunk = stream.step(controls)
            assert chunk is not None
            frames.append(chunk.frames)
        chunks.append(torch.cat(frames, dim=2))
    assert chunks[0].std() > 0.01
    for other in chunks[1:]:
        torch.testing.assert_close(other, chunks[0], atol=1e-4, rtol=1e-4)
