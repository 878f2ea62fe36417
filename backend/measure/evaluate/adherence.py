"""Whether outputs follow their control and their prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .ceilings import measure_ceilings, shrunk
from .clips import Clip
from .figures import Arms, Figure, mean
from .measures.light import contrast
from .measures.likeness import aligned_rmse, correlation, luma
from .measures.lines import f1, lines_of
from .measures.motion import flicker, motion_error
from .readers import LOOKS, read_depth, read_look
from .shows import Request
from .trial import Trial

Measure = Callable[[np.ndarray, Clip], float]
DEPTH_NAMES = ("depth_rmse", "depth_rmse_footage", "prompt_accuracy", "flicker")


def depth_error(pictures: np.ndarray, clip: Clip) -> float:
    """Between the depth that is read off pictures [F, H, W, 3] and the first F frames of the clip's own."""
    return aligned_rmse(read_depth(pictures), shrunk(clip.controls["depth"].says[: len(pictures)]))


def depth_figures(trial: Trial) -> Iterator[Figure]:
    """DEPTH_NAMES, of the same outputs: every prompt on every clip under depth control."""
    clips = [*trial.clips, trial.footage]
    drawn, real, steady = Arms(depth_error), Arms(depth_error), Arms(_flicker)
    seen, seen_off = [], []
    for prompt in trial.scope.prompts:
        made = [_controlled(trial, clip, "depth", prompt, trial.scope.chunks) for clip in clips]
        off = trial.off(prompt)
        for number, (clip, pictures) in enumerate(zip(clips, made, strict=True)):
            other = made[(number + 1) % len(clips)]
            (real if clip.real else drawn).add_one(clip, pictures, other, off)
            steady.add_one(clip, pictures, other, off)
        seen.append([_look(pictures) for pictures in made])
        seen_off.append([_look(off)])
    best = measure_ceilings(trial.model, trial.scope.scenes, trial.size)
    yield drawn.figure("depth_rmse", flawless=best.depth_rmse)
    yield real.figure("depth_rmse_footage")
    yield _prompt_figure(trial.scope.prompts, seen, seen_off, best.look_accuracy)
    yield steady.figure("flicker", input=mean([_flicker(clip.footage, clip) for clip in clips]))


def control_figures(kind: str, measures: dict[str, Measure]) -> Callable[[Trial], Iterator[Figure]]:
    """Figures by the names of `measures`, of outputs under a control of one kind."""

    def figures(trial: Trial) -> Iterator[Figure]:
        clips = trial.people if kind == "pose" else trial.clips
        arms = {name: Arms(measure) for name, measure in measures.items()}
        for prompt in trial.scope.brief_prompts:
            made = [_controlled(trial, clip, kind, prompt, trial.scope.brief_chunks) for clip in clips]
            for one in arms.values():
                one.add(clips, made, trial.off(prompt))
        for name, one in arms.items():
            yield one.figure(name)

    return figures


def _controlled(trial: Trial, clip: Clip, kind: str, prompt: str, chunks: int) -> np.ndarray:
    return trial.show(Request(prompt, control=clip.controls[kind].pictures), chunks)


def _look(pictures: np.ndarray) -> str:
    return list(LOOKS)[int(read_look(pictures).argmax())]


def _prompt_figure(
    prompts: tuple[str, ...], seen: list[list[str]], seen_off: list[list[str]], flawless: float
) -> Figure:
    """seen: the looks recognised, for each prompt, in its outputs."""

    def share(asked: tuple[str, ...], given: list[list[str]]) -> float:
        return mean([float(look == prompt) for prompt, looks in zip(asked, given, strict=True) for look in looks])

    next_ones = (*prompts[1:], prompts[0])
    more = {"flawless": flawless, "chance": 1 / len(LOOKS)}
    return Figure("prompt_accuracy", share(prompts, seen), share(prompts, seen_off), share(next_ones, seen), more)


def _says(clip: Clip, kind: str, pictures: np.ndarray) -> np.ndarray:
    return clip.controls[kind].says[: len(pictures)]


def _flicker(pictures: np.ndarray, clip: Clip) -> float:
    return flicker(pictures, clip.footage[: len(pictures)], clip.flow[: len(pictures) - 1])


CONTROLS: dict[str, dict[str, Measure]] = {
    "scribble": {"scribble_f1": lambda made, clip: f1(lines_of(made), _says(clip, "scribble", made))},
    "gray": {"gray_correlation": lambda made, clip: correlation(luma(made), _says(clip, "gray", made))},
    "flow": {
        "flow_glow": lambda made, clip: correlation(luma(made), _says(clip, "flow", made)),
        "flow_error": lambda made, clip: motion_error(made, clip.flow[: len(made) - 1]),
    },
    "layout": {"layout_light": lambda made, clip: contrast(made, _says(clip, "layout", made))},
    "pose": {"pose_light": lambda made, clip: contrast(made, _says(clip, "pose", made))},
}
"""What is measured of outputs under each other control."""
