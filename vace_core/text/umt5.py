"""The prompt, encoded by UMT5 (transformers' implementation) as Wan was trained with it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import UMT5EncoderModel


class TextEncoder(nn.Module):
    """A UMT5 encoder and its tokenizer.

    tokenizer: prompt -> token ids, the closing one included. length: tokens that the transformer was trained with; a
    longer prompt is cut, and still closed.
    """

    def __init__(self, encoder: UMT5EncoderModel, tokenizer: Callable[[str], list[int]], length: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.length = length

    @torch.inference_mode()
    def encode(self, prompt: str) -> Tensor:
        """One prompt -> [1, length, text_dim]; rows past its end are zero."""
        ids = self.tokenizer(prompt)
        if len(ids) > self.length:
            ids = [*ids[: self.length - 1], ids[-1]]
        return self(torch.tensor([ids], device=self.encoder.device))

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Token ids [B, L], mask [B, L] (1 = a token, 0 = padding; None = all tokens) -> [B, length, text_dim]."""
        mask = torch.ones_like(ids) if mask is None else mask
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]
        return nn.functional.pad(hidden, (0, 0, 0, self.length - hidden.shape[1]))
