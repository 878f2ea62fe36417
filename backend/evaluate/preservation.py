"""Whether a mask keeps what it should keep, and whether the rest is made anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..masks.shaping import composite
from .clips import Clip
from .figures import Arms, Figure, mean
from .measures.likeness import ssim
from .returned import returned
from .shows import Ask
from .trial import Trial

NAMES = ("mask_ssim", "mask_ssim_composited")


def figures(trial: Trial) -> Iterator[Figure]:
    """NAMES. Shuffled is the output for another clip and its mask."""
    clips, chunks = [*trial.clips, trial.footage], trial.scope.brief_chunks
    latent, exact, anew = Arms(kept), Arms(kept), []
    for prompt in trial.scope.brief_prompts:
        made = [trial.show(Ask(prompt, source=clip.footage, mask=clip.mask), chunks) for clip in clips]
        off = trial.off(prompt)
        put_back = [put_together(pictures, clip) for pictures, clip in zip(made, clips, strict=True)]
        latent.add(clips, made, off)
        for number, clip in enumerate(clips):
            other = put_back[(number + 1) % len(clips)]
            exact.add_one(clip, put_back[number], other, put_together(off[: len(other)], clip))
        anew += [_like_input(pictures, clip, clip.mask > 0.5) for pictures, clip in zip(made, clips, strict=True)]
    frames = len(made[0])
    ceiling = mean([kept(returned(trial.model, clip.footage[:frames]), clip) for clip in clips])
    yield latent.figure("mask_ssim", autoencoder_alone=ceiling, made_anew=float(np.nanmean(anew)))
    yield exact.figure("mask_ssim_composited")


def kept(pictures: np.ndarray, clip: Clip) -> float:
    """SSIM with the clip where its mask keeps it."""
    return _like_input(pictures, clip, clip.mask <= 0.5)


def put_together(pictures: np.ndarray, clip: Clip) -> np.ndarray:
    """The clip's own pixels where its mask keeps them, as the program does it."""
    trios = zip(pictures, clip.footage, clip.mask, strict=False)
    return np.stack([composite(made, own, mask) for made, own, mask in trios])


def _like_input(pictures: np.ndarray, clip: Clip, region: np.ndarray) -> float:
    frames = len(pictures)
    return ssim(pictures, clip.footage[:frames], region[:frames])
