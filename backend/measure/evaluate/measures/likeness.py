"""How alike pictures are: structural similarity, correlation, and errors that leave scale and shift free."""

from __future__ import annotations

import cv2
import numpy as np

WINDOW, SIGMA = 11, 1.5
"""The Gaussian window of Wang et al. 2004."""
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
FLAT = 1e-8
"""A variance below this is none."""


def luma(pictures: np.ndarray) -> np.ndarray:
    """Lightness (Rec. 601) [F, H, W] float32 in 0..1."""
    return np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]) / np.float32(255)


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of each pixel's surroundings on luma; a and b [H, W, 3] uint8 -> [H, W]."""
    x, y = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64) for picture in (a, b))
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    cov = _blur(x * y) - mean_x * mean_y
    return ((2 * mean_x * mean_y + C1) * (2 * cov + C2)) / ((mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2))


def ssim(a: np.ndarray, b: np.ndarray, region: np.ndarray | None = None) -> float:
    """Mean over a clip's pixels whose whole window lies in `region` [F, H, W] bool; nan where there are none."""
    total, pixels = 0.0, 0
    for number, (one, other) in enumerate(zip(a, b, strict=True)):
        counted = np.ones(one.shape[:2], bool) if region is None else inner(region[number])
        total += float(ssim_map(one, other)[counted].sum())
        pixels += int(counted.sum())
    return total / pixels if pixels else float("nan")


def inner(region: np.ndarray) -> np.ndarray:
    """The pixels [H, W] bool around which a window sees nothing but the region."""
    return cv2.erode(region.astype(np.uint8), np.ones((WINDOW, WINDOW), np.uint8)).astype(bool)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, over all values of a clip; 0 where one of them does not vary."""
    x, y = (values.astype(np.float64).ravel() - values.mean(dtype=np.float64) for values in (a, b))
    norm = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / norm) if norm > FLAT else 0.0


def aligned_rmse(read: np.ndarray, truth: np.ndarray) -> float:
    """Root mean square error over a clip after the best scale and shift of `read`, as for any relative depth.

    One pair for the whole clip, and no negative scale: what is read the wrong way round counts as nothing read.
    """
    x, y = read.astype(np.float64), truth.astype(np.float64)
    x = x - x.mean()
    spread = (x * x).mean()
    scale = max(float((x * y).mean() / spread), 0.0) if spread > FLAT else 0.0
    return float(np.sqrt(np.square(scale * x + y.mean() - y).mean()))


def _blur(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (WINDOW, WINDOW), SIGMA)
