"""Whether a mask keeps what it should keep, and whether the rest is made anew."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backend.engine.masks.shaping import composite

from .clips import Clip
from .figures import Arms, Figure, mean
from .measures.likeness import ssim
from .reconstruction import reconstruct
from .shows import Request
from .trial import Trial

NAMES = ("mask_ssim", "mask_ssim_pinned", "mask_ssim_composited")
PAPER_NAMES = ("mask_ssim_paper",)
LARGE_CHUNKS = 2


def figures(trial: Trial) -> Iterator[Figure]:
    """NAMES. Shuffled is the output for another clip and its mask."""
    clips, chunks = [*trial.clips, *trial.real], trial.scope.brief_chunks
    latent, pinned, exact, anew = Arms(), Arms(), Arms(), []
    for prompt in trial.scope.brief_prompts:
        off = trial.off(prompt)
        _add(pinned, clips, _restyled(trial, prompt, clips, chunks, pin=True), off)
        made = _restyled(trial, prompt, clips, chunks)
        put_back = [put_together(pictures, clip) for pictures, clip in zip(made, clips, strict=True)]
        _add(latent, clips, made, off)
        for number, clip in enumerate(clips):
            other = put_back[(number + 1) % len(clips)]
            exact.add(lambda shown, clip=clip: kept(shown, clip), put_back[number], put_together(off, clip), other)
        anew += [_like_input(pictures, clip, clip.mask > 0.5) for pictures, clip in zip(made, clips, strict=True)]
    ceiling = _ceiling(trial, clips, len(made[0]))
    yield latent.figure("mask_ssim", autoencoder_alone=ceiling, made_anew=float(np.nanmean(anew)))
    yield pinned.figure("mask_ssim_pinned", autoencoder_alone=ceiling)
    yield exact.figure("mask_ssim_composited")


def paper_figures(trial: Trial) -> Iterator[Figure]:
    """PAPER_NAMES: at the size of Table 7, of clips without film grain."""
    large, chunks = trial.at(trial.scope.paper_size), min(trial.scope.brief_chunks, LARGE_CHUNKS)
    clips, prompt = [*large.clean_clips, *large.real[:1]], trial.scope.brief_prompts[0]
    pinned, free = Arms(), Arms()
    off = large.show(Request(prompt, scale=0.0), chunks)
    _add(free, clips, _restyled(large, prompt, clips, chunks), off)
    _add(pinned, clips, _restyled(large, prompt, clips, chunks, pin=True), off)
    ceiling = _ceiling(large, clips, len(off))
    yield pinned.figure("mask_ssim_paper", autoencoder_alone=ceiling, not_pinned=mean(free.control))


def _add(arms: Arms, clips: list[Clip], made: list[np.ndarray], off: np.ndarray) -> None:
    """What is kept of each clip; the next one's output is this one's with another clip's mask."""
    for number, clip in enumerate(clips):
        arms.add(lambda shown, clip=clip: kept(shown, clip), made[number], off, made[(number + 1) % len(made)])


def _restyled(trial: Trial, prompt: str, clips: list[Clip], chunks: int, pin: bool = False) -> list[np.ndarray]:
    return [trial.show(Request(prompt, source=clip.footage, mask=clip.mask, pin=pin), chunks) for clip in clips]


def _ceiling(trial: Trial, clips: list[Clip], frames: int) -> float:
    """What the autoencoder alone leaves."""
    return mean([kept(reconstruct(trial.model, clip.footage[:frames]), clip) for clip in clips])


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
