"""What a show wants of one chunk."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .conditioning import Reference
from .config import LEAST_NOISE
from .text import Blend


@dataclass(frozen=True)
class Controls:
    """Pixels are in [-1, 1]; F is the stream's `frames_wanted`.

    control [1, 3, F, H, W]: what the generated part should follow (depth, scribble, grey, ...).
    source [1, 3, F, H, W] and mask [1, 1, F, H, W] (0..1): the source is preserved where the mask is below one half.
    pin: latents that the mask keeps whole are the source's own in every step, not the model's copy of them.
    prompt: a text, or several with weights that add up to 1, mixed "linear" or along the arc ("slerp") by prompt_way.
    references, pictures [3, H, W]: looks or subjects, shown for as long as they are given, in the way that
    reference_mode says (`conditioning.references.REFERENCE_MODES`).
    first, last [3, H, W]: pictures that the chunk should begin or end with (extension).
    scale: context scale, 0 (no control) to 2. layer_scale, step_scale: its factors at the first and the last context
    block or denoising step, even between. hint_every: hints are made in every so manyeth step and serve until the next.
    video [1, 3, F, H, W] and noise (0.05 to 1): where noise is below 1 the chunk is not made from noise alone but
    from this video with so much noise, in the steps that are left (video-to-video).
    loras: strength of each of the model's live LoRAs, 1 = as trained; empty = as they are.
    in_parts: encode and decode one latent frame at a time. The frames are the same but for rounding; it takes less
    memory.
    """

    prompt: str | Blend = ""
    control: Tensor | None = None
    source: Tensor | None = None
    mask: Tensor | None = None
    pin: bool = False
    references: tuple[Reference, ...] = ()
    reference_mode: str = "slot"
    first: Tensor | None = None
    last: Tensor | None = None
    scale: float = 1.0
    layer_scale: tuple[float, float] = (1.0, 1.0)
    step_scale: tuple[float, float] = (1.0, 1.0)
    hint_every: int = 1
    seed: int = 0
    video: Tensor | None = None
    noise: float = 1.0
    loras: tuple[float, ...] = ()
    prompt_way: str = "linear"
    in_parts: bool = False

    def require_possible(self, frames: int, height: int, width: int) -> None:
        """ValueError where something is of the wrong size for a chunk of so many frames, or out of its range."""
        if not LEAST_NOISE <= self.noise <= 1.0:
            raise ValueError(f"noise must be {LEAST_NOISE} to 1 (from noise alone), got {self.noise}")
        if self.noise < 1.0 and self.video is None:
            raise ValueError(f"a noise of {self.noise} needs a video to add it to")
        shape = (frames, height, width)
        for name in ("control", "source", "mask", "video"):
            given = getattr(self, name)
            if given is not None and tuple(given.shape[2:]) != shape:
                raise ValueError(f"{name} is {tuple(given.shape[2:])} (frames, height, width), expected {shape}")
        if self.hint_every < 1:
            raise ValueError(f"hint_every must be 1 or more, got {self.hint_every}")
        pictures = [("reference", reference.picture) for reference in self.references]
        pictures += [(name, getattr(self, name)) for name in ("first", "last")]
        for name, picture in pictures:
            if picture is not None and tuple(picture.shape) != (3, height, width):
                raise ValueError(f"{name} is {tuple(picture.shape)}, expected {(3, height, width)}")
