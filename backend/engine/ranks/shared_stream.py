"""A stream that several ranks make together, as the engine uses it (`model.StreamLike`)."""

from __future__ import annotations

from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.stream import Chunk, Stream
from vace_core.text import blend_of

from .commands import Open, Reset, Settle, Step
from .transfer import TensorSender
from .workers import Workers


class SharedStream:
    """model: as `Workers.join` gives it. The other ranks have one stream at a time: a new one takes the last one's
    place."""

    def __init__(self, model: Model, workers: Workers, height: int, width: int) -> None:
        self._model, self._workers = model, workers
        self._stream = Stream(model, height, width)
        self._sender = TensorSender()
        workers.ask(Open(height, width))

    @property
    def frames_wanted(self) -> int:
        return self._stream.frames_wanted

    @property
    def reference_modes(self) -> tuple[str, ...]:
        return self._stream.reference_modes

    def step(self, controls: Controls) -> Chunk | None:
        """As `Stream.step`. Raises OutOfStep where one of the ranks fails."""
        texts = {prompt: self._model.embeddings.know(prompt) for prompt, _ in blend_of(controls.prompt)}
        packed, tensors = self._sender.pack((controls, texts))
        return self._workers.together(Step(packed), lambda: self._stream.step(controls), tensors)

    def settle(self) -> None:
        self._workers.together(Settle(), self._stream.settle)

    def reset(self) -> None:
        self._stream.reset()
        self._workers.ask(Reset())
