"""A start for the tiny autoencoder: weights that make it a block transform learnt from data, to be improved on.

From random weights a network this small needs hours to pass on even colours. Everything in it but the ReLUs is
linear, and pixels are positive, so it can be set to a principal component analysis in three steps (2x2 pixels of four
frames, 4x4, 8x8 to a latent) and back, exactly: signed values pass a ReLU either with enough of the block's
lightness added, or as a positive and a negative part.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..autoencoder.tiny import MemoryBlock, TimeGrow, TimePool, TinyAutoencoder

_TAPS = ((0, 0), (0, 1), (1, 0), (1, 1))


@torch.no_grad()
def start_linear(model: TinyAutoencoder, video: Tensor) -> None:
    """Set weights from sample clips [B, 3, F, H, W] in [-1, 1]; sizes as the pocket's (24; at least 33, 48, 24)."""
    _quiet(model)
    blocks = _blocks(video)
    pooled = _basis(blocks.reshape(-1, 48), 24)
    quarters = (blocks.reshape(-1, 48) @ pooled).reshape(-1, 96)
    second = _basis(quarters, 24)
    values = quarters @ second
    lift2 = _lift(values)
    eighths = values.reshape(len(blocks), 96)
    third = _basis(eighths, 24)
    last = eighths @ third
    lift3 = _lift(last)
    mean = last.mean(axis=0)
    directions, spread = _spread(last - mean, model.latent_channels)
    _fill_encoder(model.encoder, pooled, second, lift2, third, lift3, mean, directions, spread)
    _fill_decoder(model.decoder, pooled, second, third, mean, directions, spread)


def _quiet(model: TinyAutoencoder) -> None:
    """Small random weights everywhere, and memory blocks that add nothing yet."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                module.bias.zero_()
    for module in model.modules():
        if isinstance(module, MemoryBlock):
            nn.init.zeros_(module.conv[4].weight)  # type: ignore[arg-type]


def _blocks(video: Tensor) -> np.ndarray:
    """[N, 16, 48]: blocks of four frames and 8x8 pixels in 0..1, as 16 places (two levels of 2x2) of 48 values."""
    frames, height, width = video.shape[2:]
    x = (video[:, :, 1 : 1 + (frames - 1) // 4 * 4] + 1) / 2
    x = x.unflatten(2, (-1, 2, 2)).unflatten(-2, (height // 8, 2, 2, 2)).unflatten(-1, (width // 8, 2, 2, 2))
    # b c | t s2 s1 | Y y3 y2 y1 | X x3 x2 x1 -> b t Y X | y3 x3 | y2 x2 | s2 s1 y1 x1 c
    x = x.permute(0, 2, 5, 9, 6, 10, 7, 11, 3, 4, 8, 12, 1)
    return x.reshape(-1, 16, 48).double().numpy()


def _basis(rows: np.ndarray, keep: int) -> np.ndarray:
    """[n, keep]: leading directions of rows [N, n] about zero, so that the first is lightness and positive."""
    _, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    basis = vectors[:, ::-1][:, :keep].copy()
    basis[:, 0] *= np.sign(basis[:, 0].sum())
    return basis


def _lift(values: np.ndarray) -> np.ndarray:
    """How much of the first value each other one needs to be positive, nearly always."""
    lift = np.quantile(-values / np.maximum(values[:, :1], 1e-3), 0.999, axis=0).clip(0.05) * 1.2
    lift[0] = 0
    return lift


def _spread(centred: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal directions [n, keep] and what to divide by: fine ones keep a smaller variance than coarse ones."""
    strengths, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    deviation = np.sqrt(strengths[::-1][:keep])
    wanted = deviation**0.2
    wanted /= np.sqrt((wanted**2).mean())
    return vectors[:, ::-1][:, :keep], deviation / wanted


def _fill_encoder(layers: nn.Sequential, pooled, second, lift2, third, lift3, mean, directions, spread) -> None:
    convs = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    pools = [layer for layer in layers if isinstance(layer, TimePool)]
    convs[0].weight[:12] = 0
    for tap, (dy, dx) in enumerate(_TAPS):
        for colour in range(3):
            convs[0].weight[3 * tap + colour, colour, 1 + dy, 1 + dx] = 1
    pick = torch.zeros(24, 48)
    for moment in range(2):
        for channel in range(12):
            pick[12 * moment + channel, 24 * moment + channel] = 1
    pools[0].conv.weight.copy_(pick[..., None, None])
    convs[1].weight.zero_()
    convs[1].weight[:, :, 1, 1] = torch.eye(24)
    pools[1].conv.weight.copy_(_t(pooled.T)[..., None, None])
    _four_taps(convs[2], (second + np.outer(second[:, 0], lift2)).T)
    pools[2].conv.weight.copy_(_t(_drop(lift2))[..., None, None])
    _four_taps(convs[3], (third + np.outer(third[:, 0], lift3)).T)
    final = (directions / spread).T
    convs[4].weight.zero_()
    convs[4].weight[:, :, 1, 1] = _t(final @ _drop(lift3))
    bias = convs[4].bias
    assert bias is not None
    bias.copy_(_t(-final @ mean))


def _drop(lift: np.ndarray) -> np.ndarray:
    """The matrix that takes the added lightness off again."""
    out = np.eye(len(lift))
    out[:, 0] -= lift
    return out


def _four_taps(conv: nn.Conv2d, matrix: np.ndarray) -> None:
    """Set a strided convolution to matrix [out, 4 * in] over the 2x2 inputs of each output."""
    conv.weight.zero_()
    for tap, (dy, dx) in enumerate(_TAPS):
        inside = conv.weight.shape[1]
        conv.weight[:, :, 1 + dy, 1 + dx] = _t(matrix[:, tap * inside : (tap + 1) * inside])


def _fill_decoder(layers: nn.Sequential, pooled, second, third, mean, directions, spread) -> None:
    convs = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    grows = [layer for layer in layers if isinstance(layer, TimeGrow)]
    n = len(spread)
    bias = convs[0].bias
    assert bias is not None
    convs[0].weight[: 2 * n + 1] = 0
    convs[0].weight[:n, :, 1, 1] = torch.eye(n)
    convs[0].weight[n : 2 * n, :, 1, 1] = -torch.eye(n)
    bias[2 * n] = 1
    _identity(grows[0])
    values = third @ (directions * spread)  # latents -> 4 x 24
    constant = third @ mean
    _small(convs[1])
    for tap in range(4):
        part, level = values[24 * tap : 24 * tap + 24], constant[24 * tap : 24 * tap + 24]
        for sign, start in ((1, 0), (-1, 24)):
            rows = torch.arange(start, start + 24) * 4 + tap
            centre = np.concatenate([sign * part, -sign * part, sign * level[:, None]], axis=1)
            convs[1].weight[rows] = 0
            convs[1].weight[rows, : 2 * n + 1, 1, 1] = _t(centre)
    # 24 values -> pixels of four taps, each (s2 s1 y x c); then two moments s2 with a basis that both share
    pixels = np.concatenate([pooled @ second[24 * tap : 24 * tap + 24] for tap in range(4)]).reshape(4, 2, 24, 24)
    halves = [pixels[:, moment].reshape(96, 24) for moment in range(2)]
    shared, _, _ = np.linalg.svd(np.concatenate(halves, axis=1), full_matrices=False)
    width = grows[1].conv.weight.shape[1]
    shared = shared[:, : min(width, 48)]
    _small(grows[1].conv)
    for moment, half in enumerate(halves):
        inside = shared.T @ half
        rows = slice(width * moment, width * moment + inside.shape[0])
        grows[1].conv.weight[rows] = 0
        grows[1].conv.weight[rows, :48, 0, 0] = _t(np.concatenate([inside, -inside], axis=1))
    convs[2].weight.zero_()
    for tap in range(4):
        rows = torch.arange(24) * 4 + tap
        convs[2].weight[rows, : shared.shape[1], 1, 1] = _t(shared[24 * tap : 24 * tap + 24])
    _small(grows[2].conv)
    for moment in range(2):
        grows[2].conv.weight[24 * moment : 24 * moment + 12] = 0
        grows[2].conv.weight[24 * moment : 24 * moment + 12, 12 * moment : 12 * moment + 12, 0, 0] = torch.eye(12)
    convs[3].weight.zero_()
    for tap in range(4):
        for colour in range(3):
            convs[3].weight[4 * colour + tap, 3 * tap + colour, 1, 1] = 1


def _identity(grow: TimeGrow) -> None:
    grow.conv.weight.copy_(torch.eye(grow.conv.weight.shape[0])[..., None, None])


def _small(conv: nn.Conv2d) -> None:
    conv.weight.mul_(0.05)


def _t(matrix: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(matrix)).float()
