"""What a source and a sink of frames must do; every transport is one file that does it."""

from __future__ import annotations

from typing import Protocol

from .frames import Frame


class Source(Protocol):
    """Frames in. Made by its module's class, which raises BridgeError if it cannot be opened, Absent if not yet.

    Used by one thread, the one that made it or the one it is handed to; `close` is called once, by `with`.
    """

    def read(self, timeout: float) -> Frame | None:
        """The next frame, waiting for it at most `timeout` seconds; None if none came.

        Raises BridgeError when the source is gone for good and has to be opened again.
        """
        ...

    def describe(self) -> str:
        """One line for a person: what it is, size and rate as far as known."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Source: ...

    def __exit__(self, *exception: object) -> None: ...


class Sink(Protocol):
    """Frames out. Raises BridgeError where it cannot be opened; used by one thread."""

    def send(self, frame: Frame) -> None:
        """Hand on a frame. Raises BridgeError if nothing can be sent any more."""
        ...

    def close(self) -> None:
        """Finish: what was sent is whole afterwards."""
        ...

    def __enter__(self) -> Sink: ...

    def __exit__(self, *exception: object) -> None: ...
