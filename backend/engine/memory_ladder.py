"""What is given up, rung by rung, when memory runs out, and taken back when it has been enough for a while."""

from __future__ import annotations

import gc
import sys

RUNGS = ("decoding in one go", "previews", "references", "a quarter of the size", "half of the size")
"""In the order in which they are given up, what costs the show least before all: that a chunk goes through the
autoencoder whole (by one latent frame at a time the pictures are the same), control video and masks for the eye (page
and sinks), the pictures that the style is taken from, and resolution, at which frames are still handed out at the size
of the show."""
SCALES = {"a quarter of the size": 0.75, "half of the size": 0.5}
UP_SECONDS = 60.0
"""So long all must have gone well before a rung is taken back; twice as long each time that was too soon."""
LONGEST_SECONDS = 3600.0
SIGNS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "defaultcpuallocator",
    "alloc_failed",
    "bad_alloc",
    "bad allocation",
    "failed to allocate",
    "insufficient memory",
)
"""What torch, CUDA's libraries, OpenCV and the C++ run time say, in small letters."""


class MemoryLadder:
    """Decides alone from the times that it is given."""

    def __init__(self, given_up: int = 0, now: float = 0.0) -> None:
        """given_up: how many rungs an engine before this one had given up when it had to end for that. They are taken
        back late, as to find that too soon costs another fresh start."""
        self._level = given_up
        self._wait = LONGEST_SECONDS if given_up else UP_SECONDS
        self._since = now
        self._tried = False  # a rung was taken back, and not yet found to hold

    @property
    def given_up(self) -> tuple[str, ...]:
        return RUNGS[: self._level]

    @property
    def scale(self) -> float:
        """Of the show's size, at which the stream is."""
        return min((SCALES.get(rung, 1.0) for rung in self.given_up), default=1.0)

    @property
    def wait(self) -> float:
        """Seconds until a rung is taken back."""
        return self._wait

    def step_down(self, now: float) -> str:
        """Give one more up, and return it; "" where nothing is left."""
        if self._tried:
            self._wait = min(2 * self._wait, LONGEST_SECONDS)
        self._tried, self._since = False, now
        if self._level == len(RUNGS):
            return ""
        self._level += 1
        return RUNGS[self._level - 1]

    def step_up(self, now: float) -> str:
        """After a chunk that went well: what is taken back now; "" for nothing, as mostly."""
        if now - self._since < self._wait:
            return ""
        self._since = now
        if not self._level:
            self._tried, self._wait = False, UP_SECONDS
            return ""
        self._level -= 1
        self._tried = True
        return RUNGS[self._level]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it is memory that was missing, of the machine or of the device."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return any(sign in text for sign in SIGNS)


def free_caches() -> None:
    """Give back what is kept only to be quicker."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch is not None and torch.backends.mps.is_available():
        torch.mps.empty_cache()
