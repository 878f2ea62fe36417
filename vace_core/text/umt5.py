"""The prompt, encoded by UMT5 as Wan was trained with it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from .umt5_encoder import Umt5Encoder


class TextEncoder(nn.Module):
    """A UMT5 encoder and its tokenizer.

    tokenizer: prompt -> token ids, the closing one included. length: tokens that the transformer was trained with; a
    longer prompt is cut, and still closed. device: where embeddings are wanted (None: where the encoder is). With
    `offload` the work is done there too, while the weights stay where they are.
    """

    def __init__(
        self,
        encoder: Umt5Encoder,
        tokenizer: Callable[[str], list[int]],
        length: int,
        device: torch.device | None = None,
        offload: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.length = length
        self._wanted = device
        self._visited = device if offload else None
        if self._visited is not None:
            stack = encoder.encoder
            stack.block = nn.ModuleList(Visitor(layer, self._visited) for layer in stack.block)
            stack.set_submodule("final_layer_norm", Visitor(stack.final_layer_norm, self._visited))

    @torch.inference_mode()
    def encode(self, prompt: str) -> Tensor:
        """One prompt -> [1, length, text_dim]; rows past its end are zero."""
        ids = self.tokenizer(prompt)
        if len(ids) > self.length:
            ids = [*ids[: self.length - 1], ids[-1]]
        embedding = self(torch.tensor([ids], device=self.encoder.shared.weight.device))
        return embedding if self._wanted is None else embedding.to(self._wanted)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Token ids [B, L], mask [B, L] (1 = a token, 0 = padding; None = all tokens) -> [B, length, text_dim]."""
        tokens = self.encoder.shared(ids)  # the table never travels: a prompt needs a few of its rows
        if self._visited is not None:
            tokens, mask = tokens.to(self._visited), None if mask is None else mask.to(self._visited)
        hidden = self.encoder.encoder(tokens, mask)
        if mask is not None:
            hidden = hidden * mask[..., None]
        return nn.functional.pad(hidden, (0, 0, 0, self.length - hidden.shape[1]))


class Visitor(nn.Module):
    """A layer that works on another device than it lives on: its weights are there for the time of a call."""

    def __init__(self, layer: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.layer = layer
        self._device = device

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the layer gives for the same inputs, which are on the device that is visited."""
        weights = chain(self.layer.named_parameters(), self.layer.named_buffers())
        there = {name: weight.to(self._device) for name, weight in weights}
        return functional_call(self.layer, there, inputs, named)
