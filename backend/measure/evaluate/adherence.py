"""Whether outputs follow their control and their prompt: whether they are what the painter makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from vace_core.pocket.looks import PALETTES, TIMES, WEATHERS

from .clips import REAL_KINDS
from .comparison import Comparison, Words
from .figures import Figure, mean
from .painted import Gallery, Target, asked_look, other_values
from .reconstruction import reconstruct
from .shows import Request
from .trial import Trial

MODIFIERS = {"palette": PALETTES, "time": TIMES, "weather": WEATHERS}
"""The aspects of a look besides its style; the first value of each is what nobody has to ask for."""
MODIFIED = 3
"""So many styles are tried with every modifier."""
MODIFIER_NAMES = ("modifier_accuracy",)


def control_figures(kind: str) -> Callable[[Trial], Iterator[Figure]]:
    """Figures of outputs under a control of one kind, of drawn clips and then, where there are any, of real ones."""

    def figures(trial: Trial) -> Iterator[Figure]:
        clips, prompts, chunks = trial.under(kind)
        drawn, real = Comparison(kind, False), Comparison(kind, True)
        for prompt in prompts:
            made = [trial.show(Request(prompt, control=clip.controls[kind]), chunks) for clip in clips]
            for number, clip in enumerate(clips):
                target = Target(clip, kind, asked_look(prompt), len(made[number]))
                one = real if clip.real else drawn
                one.add(target, made[number], trial.off(prompt), made[(number + 1) % len(made)])
                if prompt in trial.scope.brief_prompts:
                    one.add_autoencoder(target, reconstruct(trial.model, target.pictures))
        yield from drawn.figures()
        if kind in REAL_KINDS:
            yield from real.figures()

    return figures


def modifier_figures(trial: Trial) -> Iterator[Figure]:
    """MODIFIER_NAMES: a style's word and another one, under the depth of one clip."""
    clip, prompts, chunks = trial.clips[0], trial.scope.brief_prompts[:MODIFIED], trial.scope.brief_chunks
    parts = []
    for aspect, values in MODIFIERS.items():
        words = Words()
        for value, prompt in product(values[1:], prompts):
            asked = f"{prompt}, {value}"
            made = trial.show(Request(asked, control=clip.controls["depth"]), chunks)
            looks = other_values(asked_look(asked), aspect, values)
            gallery = Gallery.of(looks, clip.controls["depth"][: len(made)], "depth")
            both = (made, trial.off(asked)[: len(made)])
            words.add(value, *(getattr(gallery.nearest(pictures), aspect) for pictures in both))
        parts.append(words.figure(MODIFIER_NAMES[0], 1 / len(values)))
    more = {part: figure.control for part, figure in zip(MODIFIERS, parts, strict=True)}
    more["chance"] = mean([part.more["chance"] for part in parts])
    control, off, shuffled = (mean([getattr(part, arm) for part in parts]) for arm in ("control", "off", "shuffled"))
    yield Figure(MODIFIER_NAMES[0], control, off, shuffled, more)
