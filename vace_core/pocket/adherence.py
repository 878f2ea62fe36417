"""How far pictures follow prompt and control, measured: `python -m vace_core.pocket.adherence`.

Scenes that were not trained on are drawn in every look as it follows a control, and made by the model from that
control and a prompt for that look. A made picture adheres to its prompt if, of one scene drawn in all looks, it is
nearest to the look it was asked for; to its control if, of all scenes drawn in that look, it is nearest to its own.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..annotators import Grey, Scribble
from ..model import Model
from ..model import load as load_model
from .following import CONTROLS, follow
from .preview import restyle
from .world import complete, draw_take
from .world.clip import Take
from .world.looks import BACKDROP_MATERIALS

FRAMES = 21
FIRST_SEED = 9_000_000


@dataclass(frozen=True)
class Adherence:
    """Shares 0..1 of pictures that follow, and what guessing would give."""

    control: str
    prompt_followed: float
    prompt_by_chance: float
    control_followed: float
    control_by_chance: float

    def __str__(self) -> str:
        return (
            f"{self.control}: prompt {100 * self.prompt_followed:.0f} % (chance {100 * self.prompt_by_chance:.0f} %), "
            f"control {100 * self.control_followed:.0f} % (chance {100 * self.control_by_chance:.0f} %)"
        )


def main() -> None:
    """Print a line for each control."""
    parser = argparse.ArgumentParser(prog="python -m vace_core.pocket.adherence", description=__doc__)
    parser.add_argument("--scenes", type=int, default=6)
    scenes = parser.parse_args().scenes
    model = load_model("pocket")
    for control in CONTROLS:
        sys.stdout.write(f"{measure(model, control, scenes)}\n")


def measure(model: Model, control: str, scenes: int, prompts: tuple[str, ...] = tuple(BACKDROP_MATERIALS)) -> Adherence:
    """Make scenes x prompts short streams. Each prompt is one word, a backdrop's; the rest of the look goes with it."""
    looks = tuple(complete({"backdrop": prompt}) for prompt in prompts)
    takes = [draw_take(FIRST_SEED + number, looks, FRAMES) for number in range(scenes)]
    shown = [_control(take, control) for take in takes]
    drawn = torch.stack([_drawn(take, video, control) for take, video in zip(takes, shown)])
    by_prompt = by_control = 0
    for s, video in enumerate(shown):
        for p, prompt in enumerate(prompts):
            made = _coarse(restyle(model, prompt, video))
            by_prompt += int(_nearest(made, drawn[s]) == p)
            by_control += int(_nearest(made, drawn[:, p]) == s)
    count = scenes * len(prompts)
    return Adherence(control, by_prompt / count, 1 / len(prompts), by_control / count, 1 / scenes)


def _drawn(take: Take, control: Tensor, kind: str) -> Tensor:
    """[looks, 3, h, w]: how each look should come out."""
    unit = ((control[0, 0] + 1) / 2).numpy()
    return torch.stack([_coarse(_video(follow(look, unit, kind))) for look in take.looks])


def _control(take: Take, name: str) -> Tensor:
    if name == "depth":
        return _video(np.repeat(take.depth[..., None], 3, axis=-1))
    return {"scribble": Scribble, "grey": Grey}[name]()(_video(take.footage))


def _video(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(pictures).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


def _coarse(video: Tensor) -> Tensor:
    """The last frame, 8x8 pixels to one: colours and shapes, no texture."""
    return functional.avg_pool2d(video[0, :, -1], 8)


def _nearest(made: Tensor, drawn: Tensor) -> int:
    return int((drawn - made).square().mean(dim=(1, 2, 3)).argmin())


if __name__ == "__main__":
    main()
