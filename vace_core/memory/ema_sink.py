"""Reward Forcing's sink: frames that leave the window are folded into it, so that it follows the show slowly."""

from __future__ import annotations

from dataclasses import dataclass

from .layer import LayerState


@dataclass(frozen=True)
class EmaSink:
    """sink = decay * sink + (1 - decay) * leaving, frame by frame, for keys (unrotated) and values.

    Kept in float32: the published code folds in bfloat16, where 0.999 x rounds back to x and the sink stands still.
    A decay of 1 gives that.
    """

    decay: float

    def fold(self, layer: LayerState, leaving: slice) -> None:
        """Take in the window's rows `leaving`, once, before the chunk that displaces them is computed."""
        assert layer.keys is not None
        assert layer.sink is not None
        for exact, buffer in zip(layer.sink, (layer.keys, layer.values), strict=True):
            sink = buffer[:, :, : exact.shape[2]]
            if not layer.folded:
                exact.copy_(sink)
            exact.lerp_(buffer[:, :, leaving].float(), 1 - self.decay)
            sink.copy_(exact)
        layer.folded = True
