"""Whether a long show stays what it is: the same frames again and again under one prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from .clips import Clip
from .figures import Figure
from .measures.light import Tone
from .readers import depth_error
from .shows import Request
from .trial import LOOP, Trial

NAMES = ("drift", "drift_depth_rmse")


def figures(trial: Trial) -> Iterator[Figure]:
    """NAMES. Off is a show at scale 0; shuffled is against another clip under another prompt."""
    scope = trial.scope
    prompt, next_prompt = scope.prompts[:2]
    own, other = (clip.at(slice(LOOP)) for clip in trial.clips[:2])
    seen = trial.windows(_asked(own, prompt), scope.drift)
    alone = trial.windows(Request(prompt, scale=0.0), scope.drift_off)
    elsewhere = trial.windows(_asked(other, next_prompt), scope.drift[:1])[0]
    tones = [Tone.of(pictures) for pictures in seen]
    change = tones[-1].change(tones[0])
    change_off = Tone.of(alone[1]).change(Tone.of(alone[0]))
    by_chunk = [{"chunk": chunk, **asdict(tone)} for chunk, tone in zip(scope.drift, tones, strict=True)]
    yield Figure("drift", change, change_off, Tone.of(elsewhere).change(tones[0]), {"by_chunk": by_chunk})
    errors = [depth_error(pictures, trial.played(own, chunk).depth) for chunk, pictures in zip(scope.drift, seen)]
    yield Figure(
        "drift_depth_rmse",
        errors[-1],
        depth_error(alone[-1], trial.played(own, scope.drift_off[-1]).depth),
        depth_error(seen[-1], trial.played(other, scope.drift[-1]).depth),
        {"by_chunk": [{"chunk": chunk, "error": error} for chunk, error in zip(scope.drift, errors)]},
    )


def _asked(clip: Clip, prompt: str) -> Request:
    return Request(prompt, control=clip.controls["depth"])
