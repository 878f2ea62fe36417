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
        self._shown: str | None = None
        self._coming: tuple[str, Future[object]] | None = None

    def resolve(self, prompt: str) -> str:
        """The prompt that the next chunk is made under. The first is waited for: there is nothing to show before it."""
        if self._shown is None or prompt == self._shown:
            self._shown = prompt
            return prompt
        if self._coming is None or self._coming[0] != prompt:
            if self._coming is not None:
                self._coming[1].cancel()
            self._coming = (prompt, self._worker.submit(self._encode, prompt))
            wait((self._coming[1],), PATIENCE_SECONDS)
        if self._coming[1].done():
            self._shown, self._coming = prompt, None  # if it failed, whoever needs it now will say why
        return self._shown
