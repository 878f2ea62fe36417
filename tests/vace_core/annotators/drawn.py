"""Pictures with a truth: a person of the drawn world, alone, with outline and joints known."""

import numpy as np
import torch

from vace_core.pocket.world.figures import person
from vace_core.pocket.world.pen import Pen

HEIGHT, WIDTH = 128, 192


def drawn_person(seed: int = 2, turn: float = 0.0, x: float = 0.1) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Frames [1, 3, 1, H, W] in [-1, 1], the outline [H, W] bool, and joints [18, 3] in pixels; turn in radians."""
    pen = Pen(HEIGHT, WIDTH, (x, 0.97), 0.95, turn)
    person(pen, 0.3 * seed, np.random.default_rng(seed).random(24).astype(np.float32))
    picture = np.full((HEIGHT, WIDTH, 3), (200, 215, 230), np.uint8)
    inside = pen.mask > 127
    picture[inside] = (pen.detail[inside][:, None] * np.array((1.0, 0.8, 0.7))).astype(np.uint8)
    return torch.from_numpy(picture).permute(2, 0, 1)[None, :, None].float() / 127.5 - 1, inside, pen.people[0]
