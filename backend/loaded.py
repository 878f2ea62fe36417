"""What the engine needs of a model: streams of frames, and annotations of frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from vace_core.stream import Chunk, Controls

if TYPE_CHECKING:
    from .chunks import ChunkMaker


class StreamLike(Protocol):
    """The part of `vace_core.stream.Stream` that the engine uses."""

    @property
    def frames_wanted(self) -> int: ...

    @property
    def reference_modes(self) -> tuple[str, ...]:
        """In what ways references can be shown, the first being possible everywhere."""
        ...

    def step(self, controls: Controls) -> Chunk: ...

    def settle(self) -> None: ...

    def reset(self) -> None: ...


class Annotator(Protocol):
    """Turns frames `[1, 3, F, H, W]` in [-1, 1] into a control video of the same shape and range."""

    def __call__(self, frames: Tensor) -> Tensor: ...

    def reset(self) -> None:
        """Forget earlier frames, as after a cut."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A model on its device. open_stream(height, width) starts a stream; annotators go by the control they make.

    unread(prompt) are the words of a prompt that the model knows nothing of. loras: how many have a strength to play.
    encode(prompt) does beforehand what a new prompt takes; None where that is nothing.
    """

    device: str
    open_stream: Callable[[int, int], StreamLike]
    annotators: Mapping[str, Annotator]
    unread: Callable[[str], tuple[str, ...]] = lambda prompt: ()
    loras: int = 0
    encode: Callable[[str], object] | None = None

    def chunk_maker(self, height: int, width: int, live: bool = False) -> ChunkMaker:
        """A stream of that size with everything around it. live: nothing waits for a new prompt to be encoded."""
        from .ahead import PromptAhead
        from .chunks import ChunkMaker

        ahead = PromptAhead(self.encode) if live and self.encode is not None else None
        return ChunkMaker(self, height, width, ahead)
