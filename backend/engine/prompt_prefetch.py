"""A new prompt is encoded beside the show, which goes on under the one before until that is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

PATIENCE_SECONDS = 0.05
"""How long a chunk waits for a new prompt: one that is known, or quickly encoded, is then in time for that chunk."""


class PromptPrefetcher:
    """encode: one prompt -> its embedding, which it keeps for whoever asks next. With the published encoder, whose
    weights come from the computer's memory layer by layer, that takes seconds.
    """

    def __init__(self, encode: Callable[[str], object]) -> None:
        self._encode = encode
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="prompt")
        self._current: str | None = None
        self._pending: tuple[str, Future[object]] | None = None

    def resolve(self, prompt: str) -> str:
        """The prompt that the next chunk is made under. The first is waited for: there is nothing to show before it."""
        if self._current is None or prompt == self._current:
            self._current = prompt
            return prompt
        if self._pending is None or self._pending[0] != prompt:
            if self._pending is not None:
                self._pending[1].cancel()
            self._pending = (prompt, self._worker.submit(self._encode, prompt))
            wait((self._pending[1],), PATIENCE_SECONDS)
        if self._pending[1].done():
            self._current, self._pending = prompt, None  # if it failed, whoever needs it now will say why
        return self._current
