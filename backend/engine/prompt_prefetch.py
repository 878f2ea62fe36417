"""A new prompt is encoded beside the show, which goes on under the one before until that is done."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from bridge.threads import GuardedThread

from ..controls.declaration import address_of
from ..controls.prompt_blend import Blend
from ..controls.settings import Settings
from .control_video import Faults
from .one_line import one_line

PATIENCE_SECONDS = 0.05
"""How long a chunk waits for a new prompt: one that is known, or quickly encoded, is then in time for that chunk."""
AGAIN_SECONDS = 10.0
"""After so long, a prompt that could not be encoded is tried again: memory may be free by then."""
LOOK_SECONDS = 0.5


class _Job:
    """Prompts to encode. reason: why that failed, "" if it did not, and with which of them."""

    def __init__(self, prompts: tuple[str, ...]) -> None:
        self.prompts = prompts
        self.failed = ""
        self.done = threading.Event()
        self.reason = ""
        self.ended = 0.0


class PromptPrefetcher:
    """encode: one prompt -> its embedding, which it keeps for whoever asks next. With the published encoder, whose
    weights come from the computer's memory layer by layer, that takes seconds.
    """

    def __init__(self, encode: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._encode, self._clock = encode, clock
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread = GuardedThread("prompt", self._work)
        self._thread.start()
        self._current: Blend = ()
        self._job: _Job | None = None

    def resolve(self, settings: Settings, faults: Faults) -> Blend:
        """The prompts that the next chunk is made under. The first are waited for: there is nothing to show before.

        Those of the blend in force need no encoding, whatever they weigh. Of prompts that can't be encoded one is told
        in `faults`, and the blend before stays.
        """
        wanted, encoded = settings.blend, {prompt for prompt, _ in self._current}
        missing = tuple(prompt for prompt, _ in wanted if prompt not in encoded)
        if not self._current or not missing:
            self._current, self._job = wanted, None
            return wanted
        if self._job is None or self._job.prompts != missing or self._is_due_again(self._job):
            self._job = _Job(missing)
            self._jobs.put(self._job)
            self._job.done.wait(PATIENCE_SECONDS)
        if self._job.done.is_set():
            self._finish(self._job, settings, faults)
        return self._current

    def close(self) -> None:
        """Encode nothing more; what is being encoded is not waited for."""
        self._thread.stop(0.0)

    def _is_due_again(self, job: _Job) -> bool:
        return job.ended > 0.0 and self._clock() - job.ended >= AGAIN_SECONDS

    def _finish(self, job: _Job, settings: Settings, faults: Faults) -> None:
        if not job.reason:
            self._current, self._job = settings.blend, None
        elif not job.ended:
            job.ended = self._clock()
            faults.append((address_of(settings.prompt_field(job.failed)), f"{job.reason}; the prompt before stays"))

    def _work(self) -> None:
        while not self._thread.stopping.is_set():
            try:
                job = self._jobs.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            if job is self._job:  # else another prompt was set meanwhile
                self._encode_one(job)

    def _encode_one(self, job: _Job) -> None:
        try:
            for prompt in job.prompts:
                job.failed = prompt
                self._encode(prompt)
        except Exception as error:  # noqa: BLE001 - told by the chunk that would have had the prompt
            job.reason = one_line(error)
        finally:
            job.done.set()
