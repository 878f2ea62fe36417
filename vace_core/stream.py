"""A stream: chunk after chunk, controls in, frames out (paper, Figure 2).

`Stream.step` is the algorithm: encode the controls, make the context, denoise the chunk with hints, decode. The clean
pass that refreshes the memory follows in `settle`, so that a chunk can be shown before it is run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .conditioning import ContextState, encode_context, encode_references, infer_mode, with_anchors
from .memory import WindowMemory, WindowPass, WindowState
from .model import Model
from .sampling import Table, add_noise, clean_from_flow
from .text import Blend, Embeddings, blend_of
from .transformer import Context, Prompt, Time

PIXELS_PER_LATENT = 8
FRAMES_PER_LATENT = 4


@dataclass(frozen=True)
class Controls:
    """What a show wants of one chunk. Pixels are in [-1, 1]; F is the stream's `frames_wanted`.

    control [1, 3, F, H, W]: what the generated part should follow (depth, scribble, grey, ...).
    source [1, 3, F, H, W] and mask [1, 1, F, H, W] (0..1): the source is preserved where the mask is below one half.
    prompt: a text, or several with weights that add up to 1.
    references, each [3, H, W]: looks or subjects, shown for as long as they are given.
    first, last [3, H, W]: pictures that the chunk should begin or end with (extension).
    scale: context scale, 0 (no control) to 2.
    """

    prompt: str | Blend = ""
    control: Tensor | None = None
    source: Tensor | None = None
    mask: Tensor | None = None
    references: tuple[Tensor, ...] = ()
    first: Tensor | None = None
    last: Tensor | None = None
    scale: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Chunk:
    """A finished chunk: frames [1, 3, F, H, W] in [-1, 1], the mode it was made in, and its number from 0."""

    frames: Tensor
    mode: str
    index: int


@dataclass
class StreamState:
    """All that changes as a stream runs. Clone it to go back to it, or to run on from it twice."""

    memory: WindowState
    context: ContextState
    decoder: Any
    """The autoencoder's decoder state; like the context's encoder states it is replaced, never written to."""
    history: Tensor
    """The last clean latents [1, C, window, h, w], oldest first; what a recache is made from."""
    chunks: int = 0
    latent_frames: int = 0
    prompt: Blend | None = None
    unsettled: Tensor | None = None
    """Clean latents of a chunk whose clean pass has not run yet."""

    def clone(self) -> StreamState:
        return replace(
            self,
            memory=self.memory.clone(),
            history=self.history.clone(),
        )


class Stream:
    """One endless video from one model. Several streams may share a model; each owns its state.

    height, width: pixels, multiples of 16 (ValueError otherwise).
    """

    def __init__(self, model: Model, height: int, width: int) -> None:
        if height % 16 or width % 16 or height < 16 or width < 16:
            raise ValueError(f"a stream's size must be a multiple of 16 pixels, got {height}x{width}")
        self.model = model
        self.height, self.width = height, width
        pipeline, transformer = model.pipeline, model.transformer
        self._size = (height // PIXELS_PER_LATENT, width // PIXELS_PER_LATENT)
        self._memory = WindowMemory(transformer.architecture, *self._size, pipeline)
        table = Table(pipeline.shift)
        self._schedule = table.schedule(pipeline.steps, pipeline.warp)
        with torch.inference_mode():
            self._times = [self._embed_time(t) for t in self._schedule.timesteps]
            self._clean_time = self._embed_time(0.0)
        self._embed = Embeddings(model.text.encode)
        self._prompt: Prompt | None = None
        self._references: tuple[tuple[Tensor, ...], Tensor | None] = ((), None)
        self._pass: WindowPass | None = None
        self._shown: tuple[Context | None, float] = (None, 0.0)
        self.state = self._fresh()

    @property
    def frames_wanted(self) -> int:
        """Pixel frames that the next chunk takes and gives: its first latent of a stream stands for one frame only."""
        frames = FRAMES_PER_LATENT * self.model.pipeline.chunk
        return frames if self.state.chunks else frames - FRAMES_PER_LATENT + 1

    @torch.inference_mode()
    def step(self, controls: Controls) -> Chunk:
        """Make the next chunk. Raises ValueError for controls of wrong size or that contradict each other."""
        mode = infer_mode(controls)
        self._require_sizes(controls)
        self.settle()
        prompt = self._follow_prompt(controls.prompt)
        context = self._encode(controls) if controls.scale and mode != "text" else self._skip_context()
        clean = self._denoise(prompt, context, controls)
        frames, self.state.decoder = self.model.autoencoder.decode(clean, self.state.decoder)
        self.state.unsettled = clean
        self._shown = (context, controls.scale if self.model.pipeline.clean_with_hints else 0.0)
        chunk = Chunk(frames, mode, self.state.chunks)
        self.state.chunks += 1
        return chunk

    @torch.inference_mode()
    def settle(self) -> None:
        """Run the clean pass of the last chunk, which writes it to the memory; `step` does it if nobody did."""
        clean = self.state.unsettled
        if clean is None or self._prompt is None:
            return
        context, scale = self._shown
        view = self._pass or self._memory.begin(self.state.memory, self._frames(clean.shape[2]))
        self._forward(clean, self._clean_time, self._prompt, view, context, scale)
        self._pass = None
        self.state.latent_frames += clean.shape[2]
        self._memory.commit(self.state.memory, self.state.latent_frames)
        self.state.history = torch.cat((self.state.history[:, :, clean.shape[2] :], clean), dim=2)
        self.state.unsettled = None

    def reset(self) -> None:
        """Forget everything; the next chunk is the first of a new stream."""
        self.state = self._fresh()
        self._prompt, self._pass = None, None

    def snapshot(self) -> StreamState:
        """A copy of the state to `restore` later."""
        self.settle()
        return self.state.clone()

    def restore(self, state: StreamState) -> None:
        """Go back to a snapshot; the snapshot stays good."""
        self.state = state.clone()
        self._prompt, self._pass = None, None

    def fork(self) -> Stream:
        """Another stream that runs on from here; the two share weights only."""
        other = Stream(self.model, self.height, self.width)
        other.restore(self.snapshot())
        return other

    def _fresh(self) -> StreamState:
        model = self.model
        latents = (1, model.transformer.architecture.latent_channels, model.pipeline.window, *self._size)
        return StreamState(
            memory=self._memory.init_state(1, model.device, model.dtype),
            context=ContextState(),
            decoder=None,
            history=torch.zeros(latents, device=model.device),
        )

    def _embed_time(self, timestep: float) -> Time:
        return self.model.transformer.embed_time(torch.tensor([[timestep]], device=self.model.device))

    def _frames(self, count: int) -> range:
        return range(self.state.latent_frames, self.state.latent_frames + count)

    def _follow_prompt(self, prompt: str | Blend) -> Prompt:
        """Keys and values of the prompt; on a change the memory is kept, and rewritten if the pipeline wants that.

        Between two prompts nothing is rewritten: a blend is on its way, and the one that it ends at will be.
        """
        blend = blend_of(prompt)
        if self._prompt is not None and blend == self.state.prompt:
            return self._prompt
        changed = self.state.prompt is not None and blend != self.state.prompt
        self._prompt = self.model.transformer.embed_prompt(self._embed(blend).to(self.model.dtype))
        self.state.prompt = blend
        if changed and len(blend) == 1 and self.model.pipeline.recache and self.state.latent_frames:
            self._recache(self._prompt)
        return self._prompt

    def _recache(self, prompt: Prompt) -> None:
        """LongLive's prompt switch: the remembered frames once more, clean, under the new prompt.

        The sink keeps the old prompt's rows once frames have left the window; before that it is rewritten too.
        """
        made, window = self.state.latent_frames, self.model.pipeline.window
        count = made if made <= window else window - self.model.pipeline.sink
        view = self._memory.begin(self.state.memory, range(made - count, made))
        self._forward(self.state.history[:, :, -count:], self._clean_time, prompt, view, None, 0.0)

    def _encode(self, controls: Controls) -> Context:
        """The chunk's 96-channel context, patch-embedded; references are encoded when they change, each alone."""
        grey = torch.zeros((1, 3, self.frames_wanted, self.height, self.width), device=self.model.device)
        source, mask = with_anchors(controls.source, controls.mask, controls.first, controls.last, grey)
        latents, self.state.context = encode_context(
            self.model.autoencoder, controls.control, source, mask, self.state.context, grey
        )
        if not _same(controls.references, self._references[0]):
            encoded = encode_references(self.model.autoencoder, controls.references) if controls.references else None
            self._references = (controls.references, encoded)
        references = self._references[1]
        dtype = self.model.dtype
        return self.model.transformer.embed_context(
            latents.to(dtype), None if references is None else references.to(dtype)
        )

    def _skip_context(self) -> None:
        """Nothing is encoded: whatever the encoders remember will be out of date when they are needed again."""
        self.state.context = ContextState()

    def _denoise(self, prompt: Prompt, context: Context | None, controls: Controls) -> Tensor:
        """Few steps from noise to clean latents [1, C, f, h, w], each with its own fresh noise."""
        noise = torch.Generator(device=self.model.device).manual_seed(controls.seed + self.state.chunks)
        shape = (1, self.state.history.shape[1], self.model.pipeline.chunk, *self._size)
        self._pass = self._memory.begin(self.state.memory, self._frames(shape[2]))
        clean = torch.zeros(shape, device=self.model.device)
        for sigma, time in zip(self._schedule.sigmas, self._times, strict=True):
            fresh = torch.randn(shape, generator=noise, device=self.model.device)
            noisy = add_noise(clean, fresh, sigma)
            flow = self._forward(noisy, time, prompt, self._pass, context, controls.scale)
            clean = clean_from_flow(noisy, flow, sigma)
        return clean

    def _forward(
        self, latents: Tensor, time: Time, prompt: Prompt, view: WindowPass, context: Context | None, scale: float
    ) -> Tensor:
        flow = self.model.transformer(
            latents.to(self.model.dtype), time, prompt, context, scale, memory=view.layers, turn=view.turn
        )
        return flow.float()

    def _require_sizes(self, controls: Controls) -> None:
        video = (self.frames_wanted, self.height, self.width)
        for name, shape in (("control", video), ("source", video), ("mask", video)):
            given = getattr(controls, name)
            if given is not None and tuple(given.shape[2:]) != shape:
                raise ValueError(f"{name} is {tuple(given.shape[2:])} (frames, height, width), expected {shape}")
        pictures = [("reference", picture) for picture in controls.references]
        pictures += [(name, getattr(controls, name)) for name in ("first", "last")]
        for name, picture in pictures:
            if picture is not None and tuple(picture.shape) != (3, self.height, self.width):
                raise ValueError(f"{name} is {tuple(picture.shape)}, expected {(3, self.height, self.width)}")


def _same(a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> bool:
    """Whether two tuples hold the very same tensors."""
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
