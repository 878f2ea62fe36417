"""Whether lines are where they should be."""

from __future__ import annotations

import cv2
import numpy as np

from vace_core.annotators.scribble import Scribble

TOLERANCE = 2
"""Pixels by which a line may be off."""
A_LINE = 0.5


def lines_of(pictures: np.ndarray) -> np.ndarray:
    """What the scribble annotator draws of pictures [F, H, W, 3] uint8: [F, H, W] in 0..1."""
    scribble = Scribble()
    return np.stack([scribble.draw(picture) for picture in pictures])


def f1(drawn: np.ndarray, wanted: np.ndarray) -> float:
    """Lines [F, H, W] in 0..1 against those that are wanted: the harmonic mean of precision and recall over a clip.

    1 where neither has any line, 0 where one has and the other has not.
    """
    made, given = drawn > A_LINE, wanted > A_LINE
    if not made.any() or not given.any():
        return float(made.any() == given.any())
    precision = float((made & _near(given)).sum() / made.sum())
    recall = float((given & _near(made)).sum() / given.sum())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _near(lines: np.ndarray) -> np.ndarray:
    """All pixels within the tolerance of a line."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * TOLERANCE + 1, 2 * TOLERANCE + 1))
    return np.stack([cv2.dilate(frame.astype(np.uint8), disc) for frame in lines]).astype(bool)
