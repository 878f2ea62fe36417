"""Nowhere, for measuring."""

from __future__ import annotations

from .frames import Frame


class NullSink:
    """`null:` takes every frame and keeps none."""

    def __init__(self, _: str, width: int, height: int, fps: float) -> None:
        pass

    def send(self, frame: Frame) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self) -> NullSink:
        return self

    def __exit__(self, *exception: object) -> None:
        pass
