"""What the engine needs of a model: streams of frames, and annotations of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from vace_core.annotators.annotator import Annotator
from vace_core.annotators.detectors import Detector
from vace_core.annotators.segmenters import Segmenter
from vace_core.controls import Controls
from vace_core.passes import Recordings
from vace_core.progress import Progress
from vace_core.stream import Chunk
from vace_core.transformer.attention_check import AttentionChoice


class StreamLike(Protocol):
    """The part of `vace_core.stream.Stream` that the engine uses."""

    @property
    def frames_wanted(self) -> int: ...

    @property
    def reference_modes(self) -> tuple[str, ...]:
        """In what ways references can be shown, the first being possible everywhere."""
        ...

    @property
    def attention(self) -> AttentionChoice:
        """Which kernels its attention runs on."""
        ...

    @property
    def recordings(self) -> Recordings:
        """How many of its network calls are replayed by now, or why none is."""
        ...

    def step(self, controls: Controls, progress: Progress) -> Chunk | None: ...

    def settle(self) -> None: ...

    def record_calls(self) -> None: ...

    def reset(self) -> None: ...


class LazyAnnotators(Mapping[str, Annotator]):
    """Annotators that are made when they are first asked for, so that none costs time at the start.

    Asking raises ValueError, which says what to do, where an annotator needs something that is missing.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Annotator]]) -> None:
        self._makers = makers
        self._made: dict[str, Annotator] = {}

    def __getitem__(self, name: str) -> Annotator:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@dataclass(frozen=True)
class EngineModel:
    """A model on its device. open_stream(height, width) starts a stream; annotators go by the control they make.

    unread(prompt) are the words of a prompt that the model knows nothing of. loras: how many have a strength to play.
    encode(prompt) does beforehand what a new prompt takes; None where that is nothing. segmenters (by what they find)
    and detector are made when they are first asked for. close() ends what works for it besides this process.
    precision: the number format that its blocks multiply in, "" where that is not known.
    warm_up(stream, tell) compiles what is compiled for that stream; tell gets a line before each part.
    """

    device: str
    open_stream: Callable[[int, int], StreamLike]
    annotators: Mapping[str, Annotator]
    unread: Callable[[str], tuple[str, ...]] = lambda prompt: ()
    loras: int = 0
    encode: Callable[[str], object] | None = None
    segmenters: Mapping[str, Callable[[], Segmenter]] = field(default_factory=dict)
    detector: Callable[[], Detector] | None = None
    precision: str = ""
    close: Callable[[], None] = lambda: None
    warm_up: Callable[[Any, Callable[[str], object]], object] = lambda stream, tell: None
