"""What the rows of the engine ask of a chunk: synthetic controls, the same for all paths, another for each chunk."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from vace_core.controls import Controls
from vace_core.stream import Stream

MODES = ("baseline (no VACE)", "depth control", "inpainting", "extension, every chunk")
"""Those of the paper's Tables 5 and 6."""
PROMPT = "gold on a mossy ground at sunset"


def controls_of(mode: str, stream: Stream, n: int) -> Controls:
    """Of one of `MODES`, for the next chunk of a stream; n: which numbers are drawn."""
    generator, size = torch.Generator().manual_seed(n % 2**32), (stream.height, stream.width)

    def video(channels: int, frames: int = stream.frames_wanted) -> Tensor:
        """[1, channels, frames, H, W] in [-1, 1]."""
        coarse = torch.rand((1, channels, frames, size[0] // 16, size[1] // 16), generator=generator)
        return interpolate(coarse, (frames, *size)).to(stream.model.device) * 2 - 1

    match mode:
        case "depth control":
            return Controls(PROMPT, control=video(3))
        case "inpainting":
            return Controls(PROMPT, source=video(3), mask=(video(1) > 0).float())
        case "extension, every chunk":
            return Controls(PROMPT, first=video(3, 1)[0, :, 0])
        case _:
            return Controls(PROMPT)
