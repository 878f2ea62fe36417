"""The causal Wan diffusion transformer with VACE context blocks.

One model for batch (whole video, both ways) and streaming (chunk after chunk): what differs is what is passed in.
Whatever does not change from step to step is embedded once by `embed_time`, `embed_prompt` and `embed_context`, and
passed to every `forward`. Weights have the published names, so an official state dict loads as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from ..config import Architecture
from ..parallel import ALONE, Ranks, TokenSplit
from .attention import LayerMemory
from .block import Block, modulate
from .context_blocks import ContextBlock
from .rope import rotation


@dataclass(frozen=True)
class Time:
    """A timestep, embedded: head [B, f, D] and blocks [B, f, 6, D]; f = 1 where all latent frames share it."""

    head: Tensor
    blocks: Tensor


@dataclass(frozen=True)
class Prompt:
    """Keys and values [B, H, L, head] of the prompt for each main and each context block."""

    main: tuple[tuple[Tensor, Tensor], ...]
    context: tuple[tuple[Tensor, Tensor], ...]

    def nbytes(self) -> int:
        return sum(keys.nbytes + values.nbytes for keys, values in (*self.main, *self.context))


@dataclass(frozen=True)
class References:
    """n reference frames, embedded: they change with the pictures only."""

    tokens: Tensor
    """`before_proj(patch(context))` [B, n * T, D]."""
    clean: Tensor
    """Main-path embedding [B, n * T, D]: in the context blocks it stands in for the noisy chunk's."""
    weight: Tensor | None = None
    """Log of each reference's strength [1, 1, 1, n * T], added to the logits of its keys; None where all are 1."""

    def weight_before(self, tokens: Tensor) -> Tensor | None:
        """The weight where other frames' tokens, which count as they are, come behind.

        A weight is of all tokens of a frame, while of several ranks each holds a share of the tokens.
        """
        if self.weight is None:
            return None
        return nn.functional.pad(self.weight, (0, tokens.shape[1] * self.weight.shape[-1] // self.tokens.shape[1]))


@dataclass(frozen=True)
class Context:
    """`before_proj(patch(context))` of a chunk [B, f * T, D], and the references beside it.

    Where the chunk's own first frames are references (batch VACE), they are among its tokens, and `references` is None.
    """

    tokens: Tensor
    references: References | None = None
    weight: Tensor | None = None
    """Added to the logits of the keys of all frames [1, 1, 1, f * T]; None where they count alike."""

    def behind(self, references: References) -> Context:
        """This chunk's, with references as frames of its own before it."""
        tokens = torch.cat((references.tokens, self.tokens), dim=1)
        return Context(tokens, None, references.weight_before(self.tokens))


class Head(nn.Module):
    """The last modulation and projection, to patches of flow."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        patch = a.patch[0] * a.patch[1] * a.patch[2]
        self.norm = nn.LayerNorm(a.dim, a.eps, elementwise_affine=False)
        self.head = nn.Linear(a.dim, patch * a.latent_channels)
        self.modulation = nn.Parameter(torch.randn(1, 2, a.dim) / a.dim**0.5)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        shift, scale = (self.modulation[:, None] + time[:, :, None]).unbind(2)
        return self.head(modulate(self.norm(x), shift, scale))


class CausalWan(nn.Module):
    """See the module's docstring. `architecture` fixes every size."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = self.architecture = architecture
        self.ranks = ALONE
        """Those that share the tokens of each frame: what is said to have N or f * T tokens has this rank's of them."""
        self.patch_embedding = nn.Conv3d(a.latent_channels, a.dim, a.patch, a.patch)
        self.text_embedding = nn.Sequential(
            nn.Linear(a.text_dim, a.dim), nn.GELU(approximate="tanh"), nn.Linear(a.dim, a.dim)
        )
        self.time_embedding = nn.Sequential(nn.Linear(a.frequency_dim, a.dim), nn.SiLU(), nn.Linear(a.dim, a.dim))
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(a.dim, 6 * a.dim))
        self.blocks = nn.ModuleList(Block(a) for _ in range(a.layers))
        self.head = Head(a)
        if a.vace_layers:
            self.vace_patch_embedding = nn.Conv3d(a.context_channels, a.dim, a.patch, a.patch)
        self.vace_blocks = nn.ModuleList(ContextBlock(a, first=n == 0) for n in range(len(a.vace_layers)))

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the weights that are never quantised, and of what is computed."""
        return self.patch_embedding.weight.dtype

    def share_among(self, ranks: Ranks) -> None:
        """Run on several ranks from here on, in each of which this is called. ValueError where heads do not divide."""
        if trouble := self.architecture.sharing_trouble(ranks.size):
            raise ValueError(trouble)
        self.ranks = ranks

    def embed_time(self, timesteps: Tensor) -> Time:
        """timesteps [B, f] in 0..1000, one for each latent frame, or [B, 1] for all; fractions count.

        The sinusoid is taken in float64, cosines first.
        """
        half = self.architecture.frequency_dim // 2
        exponents = torch.arange(half, dtype=torch.float64, device=timesteps.device) / half
        angles = timesteps.to(torch.float64)[..., None] * 10000.0**-exponents
        waves = torch.cat((angles.cos(), angles.sin()), dim=-1).to(self.dtype)
        head = self.time_embedding(waves)
        return Time(head, self.time_projection(head).unflatten(-1, (6, -1)))

    def embed_prompt(self, text: Tensor) -> Prompt:
        """text [B, L, text_dim] from the text encoder; shorter ones are filled with zero rows to the trained length."""
        missing = self.architecture.text_length - text.shape[1]
        tokens = self.text_embedding(nn.functional.pad(text, (0, 0, 0, missing)))
        return Prompt(
            tuple(_as_block(block).cross_attn.keys_values(tokens) for block in self.blocks),
            tuple(_as_block(block).cross_attn.keys_values(tokens) for block in self.vace_blocks),
        )

    def embed_context(self, context: Tensor, references: References | None = None) -> Context:
        """context [B, 96, f, h, w] of a chunk."""
        return Context(self._embed(context), references)

    def embed_references(self, references: Tensor, strengths: Sequence[float] = ()) -> References:
        """references [B, 96, n, h, w], each encoded alone; strengths: one each, 0 (not seen) to 2, by default 1."""
        clean = self.patchify(references[:, : self.architecture.latent_channels])
        return References(
            self._embed(references), clean, log_weight(strengths, self._split(references).per_frame, clean)
        )

    def _embed(self, context: Tensor) -> Tensor:
        tokens = self._split(context).own(self.vace_patch_embedding(context).flatten(2).transpose(1, 2))
        first = self.vace_blocks[0]
        assert isinstance(first, ContextBlock)
        return first.before_proj(tokens)

    def patchify(self, latents: Tensor) -> Tensor:
        """[B, C, f, h, w] -> [B, f * T, D]."""
        return self._split(latents).own(self.patch_embedding(latents).flatten(2).transpose(1, 2))

    def _split(self, latents: Tensor) -> TokenSplit:
        return TokenSplit(self.ranks, self.architecture.tokens(*latents.shape[3:]))

    def forward(
        self,
        latents: Tensor,
        time: Time,
        prompt: Prompt,
        context: Context | None = None,
        scale: float | Sequence[float] = 1.0,
        memory: Sequence[LayerMemory] | None = None,
        turn: Tensor | None = None,
        mask: Tensor | None = None,
        hints: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Predict the flow (noise - clean) [B, C, f, h, w] of latents [B, C, f, h, w].

        scale: of the hints, or one for each of `vace_layers`. memory: one `LayerMemory` a main block, or None to attend
        to these frames only. turn: rotation of these frames, by default positions 0, 1, 2 ... mask: bool [N, N], True =
        may look, only without memory. hints: made before, in place of a context. Context and hints, if they cover fewer
        frames than the latents, belong to the last ones.
        """
        scales = [float(scale)] * len(self.vace_blocks) if isinstance(scale, int | float) else list(scale)
        x, split = self.patchify(latents), self._split(latents)
        if turn is None:
            turn = self.rotation(range(latents.shape[2]), latents)
        if hints is None and context is not None and any(scales):
            hints = self.hints(x, time, prompt, context, latents)
        receivers = dict(zip(self.architecture.vace_layers, zip(hints or (), scales, strict=False), strict=False))
        for i, block in enumerate(self.blocks):
            x = block(x, time.blocks, prompt.main[i], turn, memory[i] if memory else None, mask, split)
            if i in receivers:
                x = _add_to_the_last(x, *receivers[i])
        return self.unpatchify(split.whole(self.head(x, time.head)), latents.shape)

    def hints(self, x: Tensor, time: Time, prompt: Prompt, context: Context, latents: Tensor) -> list[Tensor]:
        """One hint [B, N, D] for each of `vace_layers`, from the embedded noisy chunk x and its context.

        Temporal positions start at 0 in every chunk, references first. Reference tokens are attended to and then
        dropped: a hint covers the context's own tokens alone.
        """
        references, own = context.references, context.tokens.shape[1]
        per_frame = x.shape[1] // latents.shape[2]
        c, weight, n, split = context.tokens + x[:, -own:], context.weight, 0, self._split(latents)
        if references is not None:
            n = references.tokens.shape[1]
            c = torch.cat((references.tokens + references.clean, c), dim=1)
            weight = references.weight_before(context.tokens)
        e0 = _context_time(time.blocks, own // per_frame, n // per_frame)
        turn = self.rotation(range((n + own) // per_frame), latents)
        hints = []
        for block, text in zip(self.vace_blocks, prompt.context, strict=True):
            assert isinstance(block, ContextBlock)
            c = block(c, e0, text, turn, mask=weight, split=split)
            hints.append(block.after_proj(c[:, n:]))
        return hints

    def rotation(self, frames: Sequence[int], latents: Tensor) -> Tensor:
        """`rope.rotation` for latent frames of this model at these temporal positions."""
        _, patch_height, patch_width = self.architecture.patch
        height, width = latents.shape[3] // patch_height, latents.shape[4] // patch_width
        return rotation(frames, height, width, self.architecture.head_dim, latents.device)

    def unpatchify(self, patches: Tensor, shape: Sequence[int]) -> Tensor:
        """[B, f * T, patch * C] -> [B, C, f, h, w]."""
        p, q, r = self.architecture.patch
        f, h, w = shape[2] // p, shape[3] // q, shape[4] // r
        return rearrange(patches, "b (f h w) (p q r c) -> b c (f p) (h q) (w r)", f=f, h=h, w=w, p=p, q=q, r=r)


def _as_block(module: nn.Module) -> Block:
    assert isinstance(module, Block)
    return module


def _context_time(blocks: Tensor, chunk: int, references: int) -> Tensor:
    """Timestep embeddings for n references and a chunk; a reference shares the timestep of the chunk's first frame."""
    if blocks.shape[1] == 1:
        return blocks
    own = blocks[:, -chunk:]
    return torch.cat((own[:, :1].expand(-1, references, -1, -1), own), dim=1)


def log_weight(strengths: Sequence[float], per_frame: int, like: Tensor) -> Tensor | None:
    """Strengths, one a frame, as what is added to the logits of its keys [1, 1, 1, n * T]; None where all are 1."""
    if all(strength == 1.0 for strength in strengths):
        return None
    logs = [math.log(strength) if strength > 0 else -math.inf for strength in strengths]
    return torch.tensor(logs, device=like.device, dtype=like.dtype).repeat_interleave(per_frame)[None, None, None]


def _add_to_the_last(x: Tensor, hint: Tensor, scale: float) -> Tensor:
    """Add a scaled hint to the tokens it covers, which are the last ones."""
    if hint.shape[1] == x.shape[1]:
        return torch.add(x, hint, alpha=scale)
    before = x.shape[1] - hint.shape[1]
    return torch.cat((x[:, :before], torch.add(x[:, before:], hint, alpha=scale)), dim=1)


def block_causal_mask(frames: int, chunk: int, per_frame: int, device: torch.device | str = "cpu") -> Tensor:
    """Bool [N, N] over frames * per_frame tokens: each chunk may look at itself and at every chunk before it."""
    chunks = torch.arange(frames, device=device).repeat_interleave(per_frame) // chunk
    return chunks[:, None] >= chunks[None, :]
