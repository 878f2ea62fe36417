"""What the engine needs of a model: streams of frames, and annotations of frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


class Segmenter(Protocol):
    """Frames `[1, 3, F, H, W]` in [-1, 1] to how much each pixel is what it looks for, `[1, 1, F, H, W]` in 0..1."""

    def __call__(self, frames: Tensor) -> Tensor: ...

    def reset(self) -> None:
        """Forget earlier frames, as after a cut."""
        ...


class Box(Protocol):
    """Something that was found, in pixels; right and bottom are just outside."""

    @property
    def left(self) -> float: ...

    @property
    def top(self) -> float: ...

    @property
    def right(self) -> float: ...

    @property
    def bottom(self) -> float: ...

    @property
    def label(self) -> str: ...


class Detector(Protocol):
    """Finds objects in frames `[1, 3, F, H, W]` in [-1, 1]; gives the boxes of each frame."""

    def detect(self, frames: Tensor) -> Sequence[Sequence[Box]]: ...


@dataclass(frozen=True)
class Loaded:
    """A model on its device. open_stream(height, width) starts a stream; annotators go by the control they make.

    unread(prompt) are the words of a prompt that the model knows nothing of. loras: how many have a strength to play.
    encode(prompt) does beforehand what a new prompt takes; None where that is nothing. segmenters (by what they find)
    and detector are made when they are first asked for.
    """

    device: str
    open_stream: Callable[[int, int], StreamLike]
    annotators: Mapping[str, Annotator]
    unread: Callable[[str], tuple[str, ...]] = lambda prompt: ()
    loras: int = 0
    encode: Callable[[str], object] | None = None
    segmenters: Mapping[str, Callable[[], Segmenter]] = field(default_factory=dict)
    detector: Callable[[], Detector] | None = None

    def chunk_maker(self, height: int, width: int, live: bool = False) -> ChunkMaker:
        """A stream of that size with everything around it. live: nothing waits for a new prompt to be encoded."""
        from .ahead import PromptAhead
        from .chunks import ChunkMaker

        ahead = PromptAhead(self.encode) if live and self.encode is not None else None
        return ChunkMaker(self, height, width, ahead)
