"""`file:PATH`: a video file played as a source, and one written as a sink, through PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError

from ..errors import BridgeError
from ..files import shown, writable_file
from .clip import Clip
from .frames import Frame
from .pace import Pace

BT601 = 6
"""AVCOL_SPC_SMPTE170M: what the RGB to YUV conversion below uses; written into the file so that players agree."""
LIMITED = 1
SUFFIXES = (".mp4", ".m4v", ".mov")
LONGEST_HOLD = 10.0
"""Seconds that a file that is written stands still for want of frames; a longer gap is cut to this."""
CONTAINER = {"movflags": "+hybrid_fragmented", "flush_packets": "1"}
"""Written in pieces that can each be played, and made an ordinary file in the end."""


class FileSource:
    """`file:PATH`, played at its own rate and from the beginning again at its end."""

    def __init__(self, path: str, width: int, height: int, fps: float) -> None:
        self._clip = Clip(path)
        self._frames = self._clip.decode()
        self._waiting: Frame | None = None
        self._number = 0
        self._loop_start = self._end = 0.0
        self._pace = Pace()

    def read(self, timeout: float) -> Frame | None:
        frame = self._waiting or self._next()
        moment = self._pace.wait(self._loop_start + frame.time, timeout)
        self._waiting = frame if moment is None else None
        if moment is None:
            return None
        self._number += 1
        return Frame(frame.pixels, self._number - 1, moment)

    def describe(self) -> str:
        width, height = self._clip.size
        silent = "; its sound is not played" if self._clip.has_sound else ""
        return f"{self._clip.path.name}, {width}x{height} at {self._clip.rate:g} frames a second{silent}"

    def close(self) -> None:
        self._frames.close()

    def __enter__(self) -> FileSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _next(self) -> Frame:
        """The next frame of the file, or its first again; BridgeError if there is none at all."""
        for _ in range(2):
            for frame in self._frames:
                self._end = self._loop_start + self._clip.end
                return frame
            self._loop_start = self._end
            self._frames = self._clip.decode()
        raise BridgeError(f"{self._clip.path} holds no frame; it may have been cut short")


class FileSink:
    """`file:PATH`, H.264 in MP4 at a steady rate. Sizes must be even (BridgeError).

    Frames go where their times say, so that the file keeps time whatever the rate they come at: one too many for the
    file's rate is left out, the one before a gap is repeated (up to LONGEST_HOLD).
    The file is whole once closed; if the program is killed before, all but the last second of it can be played.
    """

    def __init__(self, path: str, width: int, height: int, fps: float) -> None:
        if width % 2 or height % 2:
            raise BridgeError(f"an H.264 file needs an even size, got {width}x{height}")
        self._fps = fps
        self._start: float | None = None
        self._written = 0
        self._last: np.ndarray | None = None
        self._broken = False
        self._path = video_target(path)
        try:
            self._path.open("ab").close()  # FFmpeg opens it when it has something to write, which is late to complain
            self._container = av.open(f"file:{self._path}", "w", options=CONTAINER)
            self._stream = self._container.add_stream("libx264", rate=_rate(fps), options=_encoding(fps))
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._stream.codec_context.colorspace = BT601
            self._stream.codec_context.color_range = LIMITED
        except (FFmpegError, OSError) as reason:
            what = reason.strerror or reason
            raise BridgeError(f"{self._path} cannot be written ({what}); check its folder") from reason

    def send(self, frame: Frame) -> None:
        if self._start is None:
            self._start = frame.time
        place = round((frame.time - self._start) * self._fps)
        missing = min(place - self._written, round(LONGEST_HOLD * self._fps))
        if missing < 0:
            return
        pixels = np.ascontiguousarray(frame.pixels[..., :3])
        for _ in range(missing):
            self._encode(pixels if self._last is None else self._last)
        self._encode(pixels)
        self._last, self._written = pixels, place + 1

    def _encode(self, pixels: np.ndarray) -> None:
        try:
            self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        except (FFmpegError, OSError) as reason:
            self._broken = True
            raise BridgeError(f"{self._path} cannot be written any further: {reason}") from reason

    def close(self) -> None:
        try:
            if not self._broken:  # FFmpeg crashes when it is given more after a write that failed
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if not self._path.stat().st_size:
                self._path.unlink()  # no frame came
        except (FFmpegError, OSError) as reason:
            raise BridgeError(f"{self._path} could not be finished: {reason}") from reason

    def __enter__(self) -> FileSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def video_target(path: str | Path) -> Path:
    """The path, expanded, of a video file that can be written. Raises BridgeError."""
    target = writable_file(path)
    if target.suffix.lower() not in SUFFIXES:
        raise BridgeError(f"{shown(target)} cannot be written as video; give it a name that ends in .mp4")
    return target


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)


def _encoding(fps: float) -> dict[str, str]:
    """A key frame every second, which is also what is lost at most when the program is killed."""
    return {"crf": "18", "preset": "veryfast", "g": str(max(round(fps), 1))}
