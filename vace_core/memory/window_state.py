"""What a stream's attention remembers: the buffers of all layers, and which latent frames lie in them."""

from __future__ import annotations

from dataclasses import dataclass

from .bank import BankState
from .layer import LayerState


@dataclass
class WindowState:
    """All that a stream's attention remembers. Host integers are the truth; nothing is read back from the device."""

    layers: list[LayerState]
    frames: list[int]
    """Latent frame held by each slot of the window, -1 where none is."""
    positions: list[int]
    """Temporal position at which each slot's `rotated` rows stand, -1 where none do."""
    bank: BankState | None = None
    base: int = 0
    """Absolute positions: how far behind its index each frame beyond the sink stands (`rebase`)."""

    def nbytes(self) -> int:
        return sum(layer.nbytes() for layer in self.layers) + (self.bank.nbytes() if self.bank else 0)

    def copy_from(self, other: WindowState) -> None:
        """Remember what another one does, in the buffers of this one."""
        for own, its in zip(self.layers, other.layers, strict=True):
            own.copy_from(its)
        if self.bank is not None and other.bank is not None:
            self.bank.copy_from(other.bank)
        self.note(other)

    def note(self, other: WindowState) -> None:
        """Take over what another one says of its buffers."""
        self.frames[:], self.positions[:], self.base = other.frames, other.positions, other.base

    def clear(self) -> None:
        """Remember nothing; the buffers stay as they are."""
        self.frames[:] = [-1] * len(self.frames)
        self.positions[:] = [-1] * len(self.positions)
        self.base = 0

    def reset(self) -> None:
        """As it was made, in the same buffers."""
        for layer in self.layers:
            layer.folded = False
            for buffer in layer.tensors():
                buffer.zero_()
        if self.bank is not None:
            self.bank.reset()
        self.clear()

    def clone(self) -> WindowState:
        layers = [layer.clone() for layer in self.layers]
        bank = self.bank.clone() if self.bank else None
        return WindowState(layers, list(self.frames), list(self.positions), bank, self.base)
