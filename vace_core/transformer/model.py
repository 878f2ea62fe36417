"""The causal Wan diffusion transformer with VACE context blocks.

One model for batch (whole video, both ways) and streaming (chunk after chunk): what differs is what is passed in.
Whatever does not change from step to step is embedded once by `embed_time`, `embed_prompt` and `embed_context`, and
passed to every `forward`. Weights have the published names, so an official state dict loads as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn

from ..config import Architecture
from ..parallel import ALONE, Ranks, TokenSplit
from .attention import LayerMemory
from .block import Block, modulate, modulations
from .context_blocks import ContextBlock
from .inputs import Context, Prompt, References, Time, log_weight
from .kernels import OWN, Kernels
from .rope import Rotary, rotary


class Head(nn.Module):
    """The last modulation and projection, to patches of flow."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        patch = a.patch[0] * a.patch[1] * a.patch[2]
        self.norm = nn.LayerNorm(a.dim, a.eps, elementwise_affine=False)
        self.head = nn.Linear(a.dim, patch * a.latent_channels)
        self.modulation = nn.Parameter(torch.randn(1, 2, a.dim) / a.dim**0.5)

    def modulated(self, time: Tensor) -> Tensor:
        """An embedded timestep [B, f, D] as shift and 1 + scale [B, f, 2, D]."""
        shift, scale = (self.modulation[:, None] + time[:, :, None]).unbind(2)
        return torch.stack((shift, 1 + scale), dim=2)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        return self.head(modulate(self.norm(x), *modulation.unbind(2)))


class CausalWan(nn.Module):
    """See the module's docstring. `architecture` fixes every size."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = self.architecture = architecture
        self.ranks = ALONE
        """Those that share the tokens of each frame: what is said to have N or f * T tokens has this rank's of them."""
        self.kernels = OWN
        """What its attention runs on."""
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

    def running_on(self, kernels: Kernels) -> CausalWan:
        """This transformer, with these very weights, whose attention runs on other kernels."""
        other = copy.copy(self)
        other.kernels = kernels
        return other

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
        embedded = self.time_embedding(waves)
        blocks = self.time_projection(embedded).unflatten(-1, (6, -1))
        main, context = ([_as_block(block) for block in part] for part in (self.blocks, self.vace_blocks))
        return Time(self.head.modulated(embedded), modulations(main, blocks), modulations(context, blocks))

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
        scale: float | Sequence[float] | Tensor = 1.0,
        memory: Sequence[LayerMemory] | None = None,
        turn: Tensor | None = None,
        mask: Tensor | None = None,
        hints: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Predict the flow (noise - clean) [B, C, f, h, w] of latents [B, C, f, h, w].

        scale: of the hints, or one for each of `vace_layers`; where all are 0, no hints are made. As a tensor, float32
        [len(vace_layers)], it is not looked at, and they always are. memory: one `LayerMemory` a main block, or None to
        attend to these frames only. turn: rotation of these frames, by default positions 0, 1, 2 ... mask: bool [N, N],
        True = may look, only without memory. hints: made before, in place of a context. Context and hints, if they
        cover fewer frames than the latents, belong to the last ones.
        """
        scales = self._scales(scale, latents.device)
        x, split = self.patchify(latents), self._split(latents)
        if turn is None:
            turn = self._rotary(latents).from_zero(latents.shape[2])
        if hints is None and context is not None and scales is not None:
            hints = self.hints(x, time, prompt, context, latents)
        given = zip(hints or (), () if scales is None else scales.split(1), strict=False)
        receivers = dict(zip(self.architecture.vace_layers, given, strict=False))
        for i, block in enumerate(self.blocks):
            own = memory[i] if memory else None
            x = block(x, time.blocks[i], prompt.main[i], turn, own, mask, split, self.kernels)
            if i in receivers:
                _add_to_the_last(x, *receivers[i])
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
        modulation = _context_modulation(time.context, own // per_frame, n // per_frame)
        turn = self._rotary(latents).from_zero((n + own) // per_frame)
        hints = []
        for block, own_modulation, text in zip(self.vace_blocks, modulation, prompt.context, strict=True):
            assert isinstance(block, ContextBlock)
            c = block(c, own_modulation, text, turn, mask=weight, split=split, kernels=self.kernels)
            hints.append(block.after_proj(c[:, n:]))
        return hints

    def rotation(self, frames: Sequence[int], latents: Tensor) -> Tensor:
        """`rope.rotation` for latent frames of this model at these temporal positions."""
        return self._rotary(latents)(frames)

    def _rotary(self, latents: Tensor) -> Rotary:
        _, patch_height, patch_width = self.architecture.patch
        height, width = latents.shape[3] // patch_height, latents.shape[4] // patch_width
        return rotary(height, width, self.architecture.head_dim, latents.device)

    def _scales(self, scale: float | Sequence[float] | Tensor, device: torch.device) -> Tensor | None:
        """One for each context block, float32 [L]; None where numbers were given and all are 0."""
        if isinstance(scale, Tensor):
            return scale
        scales = [float(scale)] * len(self.vace_blocks) if isinstance(scale, int | float) else list(scale)
        return torch.tensor(scales, device=device) if any(scales) else None

    def unpatchify(self, patches: Tensor, shape: Sequence[int]) -> Tensor:
        """[B, f * T, patch * C] -> [B, C, f, h, w]."""
        p, q, r = self.architecture.patch
        f, h, w = shape[2] // p, shape[3] // q, shape[4] // r
        return rearrange(patches, "b (f h w) (p q r c) -> b c (f p) (h q) (w r)", f=f, h=h, w=w, p=p, q=q, r=r)


def _as_block(module: nn.Module) -> Block:
    assert isinstance(module, Block)
    return module


def _context_modulation(context: Tensor, chunk: int, references: int) -> Tensor:
    """`Time.context` for n references and a chunk; a reference shares the timestep of the chunk's first frame."""
    if context.shape[2] == 1:
        return context
    own = context[:, :, -chunk:]
    return torch.cat((own[:, :, :1].expand(-1, -1, references, -1, -1), own), dim=2)


def _add_to_the_last(x: Tensor, hint: Tensor, scale: Tensor) -> None:
    """Add a hint times its scale, float32 [1], to the tokens it covers, which are the last ones, in place."""
    x[:, x.shape[1] - hint.shape[1] :].addcmul_(hint, scale)


def block_causal_mask(frames: int, chunk: int, per_frame: int, device: torch.device | str = "cpu") -> Tensor:
    """Bool [N, N] over frames * per_frame tokens: each chunk may look at itself and at every chunk before it."""
    chunks = torch.arange(frames, device=device).repeat_interleave(per_frame) // chunk
    return chunks[:, None] >= chunks[None, :]
