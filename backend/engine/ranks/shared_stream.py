"""A stream that several ranks make together, as the engine uses it (`model.StreamLike`)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.passes import Recordings
from vace_core.progress import Progress
from vace_core.stream import Chunk, Stream
from vace_core.text import blend_of
from vace_core.transformer.attention_check import AttentionChoice

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

    @property
    def attention(self) -> AttentionChoice:
        return self._stream.attention

    @property
    def recordings(self) -> Recordings:
        return self._stream.recordings

    def step(self, controls: Controls, progress: Progress = Progress()) -> Chunk | None:  # noqa: B008 - it has no state
        """As `Stream.step`. Raises OutOfStep where a rank fails, and what `progress` does once all are done."""
        texts = {prompt: self._model.embeddings.know(prompt) for prompt, _ in blend_of(controls.prompt)}
        packed, tensors = self._sender.pack((controls, texts))
        told = _Told(progress)
        chunk = self._workers.together(Step(packed), lambda: self._stream.step(controls, told), tensors)
        if told.error is not None:
            raise told.error
        return chunk

    def settle(self) -> None:
        self._workers.together(Settle(), self._stream.settle)

    def record_calls(self) -> None:
        """Nothing: ranks record no calls (`Stream`)."""

    def reset(self) -> None:
        self._stream.reset()
        self._workers.ask(Reset())


class _Told(Progress):
    """Tells another one of a chunk until that raises; the chunk is finished all the same, as on the other ranks."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.error: Exception | None = None

    def encoded(self) -> None:
        self._tell(self._progress.encoded)

    def stepped(self) -> None:
        self._tell(self._progress.stepped)

    def denoised(self) -> None:
        self._tell(self._progress.denoised)

    def decoded(self, frames: Tensor, latents: Tensor) -> None:
        self._tell(lambda: self._progress.decoded(frames, latents))

    def _tell(self, tell: Callable[[], None]) -> None:
        if self.error is not None:
            return
        try:
            tell()
        except Exception as error:  # noqa: BLE001 - whatever it is, `step` raises it
            self.error = error
