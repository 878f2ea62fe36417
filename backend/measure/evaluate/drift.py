"""Whether a long show stays what it is: the same frames again and again under one prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from .adherence import depth_error
from .clips import Clip, there_and_back
from .figures import Figure
from .measures.light import Tone
from .shows import Request, frames_of
from .trial import LOOP, Trial

NAMES = ("drift", "drift_depth_rmse")
PROMPTS = ("sunset", "aurora")
"""Of the show, and of the other one that it is compared with."""


def figures(trial: Trial) -> Iterator[Figure]:
    """NAMES. Off is a show at scale 0; shuffled is against another clip under another prompt."""
    scope = trial.scope
    own, other = (clip.at(slice(LOOP)) for clip in trial.clips[:2])
    seen = trial.windows(_asked(own, PROMPTS[0]), scope.drift)
    alone = trial.windows(Request(PROMPTS[0], scale=0.0), scope.drift_off)
    elsewhere = trial.windows(_asked(other, PROMPTS[1]), scope.drift[:1])[0]
    tones = [Tone.of(pictures) for pictures in seen]
    change = tones[-1].change(tones[0])
    change_off = Tone.of(alone[1]).change(Tone.of(alone[0]))
    by_chunk = [{"chunk": chunk, **asdict(tone)} for chunk, tone in zip(scope.drift, tones, strict=True)]
    yield Figure("drift", change, change_off, Tone.of(elsewhere).change(tones[0]), {"by_chunk": by_chunk})
    errors = [depth_error(pictures, _played(trial, own, chunk)) for chunk, pictures in zip(scope.drift, seen)]
    last = scope.drift[-1]
    yield Figure(
        "drift_depth_rmse",
        errors[-1],
        depth_error(alone[-1], _played(trial, own, scope.drift_off[-1])),
        depth_error(seen[-1], _played(trial, other, last)),
        {"by_chunk": [{"chunk": chunk, "error": error} for chunk, error in zip(scope.drift, errors)]},
    )


def _asked(clip: Clip, prompt: str) -> Request:
    return Request(prompt, control=clip.controls["depth"].pictures)


def _played(trial: Trial, clip: Clip, chunk: int) -> Clip:
    """A clip's frames as a show plays them from a chunk (1 = first) on, for a window."""
    begin, end = (frames_of(trial.model.pipeline, n) for n in (chunk - 1, chunk - 1 + trial.scope.window))
    order = there_and_back(len(clip.footage))
    numbers = np.array([next(order) for _ in range(end)][max(begin, 0) :])
    return clip.at(numbers)
