"""Video files, through PyAV."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from ..errors import BridgeError
from .frames import Frame
from .pace import Pace

log = logging.getLogger(__name__)

BT601 = 6
"""AVCOL_SPC_SMPTE170M: what the RGB to YUV conversion below uses; written into the file so that players agree."""
LIMITED = 1
SUFFIXES = (".mp4", ".m4v", ".mov")
LONGEST_HOLD = 10.0
"""Seconds that a file stands still for want of frames; a longer gap is cut to this."""
CONTAINER = {"movflags": "+hybrid_fragmented", "flush_packets": "1"}
"""Written in pieces that can each be played, and made an ordinary file in the end."""


class Clip:
    """A video file that can be read: its first picture has been.

    rate in frames a second, size (width, height) as shown, frames as the file claims (0 = unknown). Raises BridgeError.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = _path(path)
        self._damage_told = False
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            damage = Damage()
            first = next(_whole_frames(container, stream, damage), None)
            self.rate = float(stream.average_rate or stream.guessed_rate or 25)
            self.frames = stream.frames
        if first is None:
            raise BridgeError(f"{self.path} holds no picture ({damage.reason}); copy it again")
        height, width = _upright(first).shape[:2]
        self.size = (width, height)

    def decode(self) -> Generator[Frame, None, None]:
        """All frames once, RGB or RGBA, `time` in seconds from the first.

        Damaged places are left out, which the log says once; BridgeError if nothing is left, or the file has gone.
        """
        damage = Damage()
        start: float | None = None
        number = -1
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for number, frame in enumerate(_whole_frames(container, stream, damage)):
                time = number / self.rate if frame.time is None else frame.time
                start = time if start is None else start
                yield Frame(_upright(frame), number, time - start)
        if number < 0:
            raise BridgeError(f"{self.path} holds no picture ({damage.reason}); copy it again")
        if damage.places and not self._damage_told:
            self._damage_told = True
            log.warning("%s is damaged (%s): %d places left out", self.path, damage.reason, damage.places)


@dataclass
class Damage:
    """What could not be decoded on the way through a file."""

    places: int = 0
    reason: str = "it ends at once"

    def note(self, error: FFmpegError) -> None:
        self.places += 1
        self.reason = str(error.strerror or error)


def _opened(path: Path) -> InputContainer:
    """With a video stream in it; BridgeError otherwise."""
    if not path.is_file():
        raise BridgeError(f"there is no file {path}; check the path")
    try:
        container = av.open(str(path))
    except PermissionError:
        raise BridgeError(f"{path} may not be read; change its permissions") from None
    except (FFmpegError, OSError) as reason:
        what = reason.strerror or reason
        raise BridgeError(f"{path} cannot be read as video ({what}); convert it to H.264 MP4") from reason
    if not container.streams.video:
        container.close()
        raise BridgeError(f"{path} holds no video; give it a clip")
    return container


def _whole_frames(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:  # nothing can be read beyond this
            damage.note(error)
            return
        if packet is None:
            return
        try:
            yield from packet.decode()  # type: ignore[misc]
        except FFmpegError as error:
            damage.note(error)


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
        return f"{self._clip.path.name}, {width}x{height} at {self._clip.rate:g} frames a second"

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
                self._end = self._loop_start + frame.time + 1 / self._clip.rate
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
        self._path = _path(path)
        if self._path.suffix.lower() not in SUFFIXES:
            raise BridgeError(f"{self._path} cannot be written as video; give it a name that ends in .mp4")
        try:
            self._path.open("ab").close()  # FFmpeg opens it when it has something to write, which is late to complain
            self._container = av.open(str(self._path), "w", options=CONTAINER)
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


def _path(path: str | Path) -> Path:
    """As a person writes it; BridgeError if nothing is written."""
    if not str(path):
        raise BridgeError("file: needs the path of a file, as file:PATH")
    return Path(path).expanduser()


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)


def _encoding(fps: float) -> dict[str, str]:
    """A key frame every second, which is also what is lost at most when the program is killed."""
    return {"crf": "18", "preset": "veryfast", "g": str(max(round(fps), 1))}


def _upright(frame: av.VideoFrame) -> np.ndarray:
    """uint8 [H, W, 3], or 4 where the file has alpha, as a person would see it: phones store a turn beside it."""
    transparent = any(component.is_alpha for component in frame.format.components)
    pixels = frame.to_ndarray(format="rgba" if transparent else "rgb24")
    return np.ascontiguousarray(np.rot90(pixels, (frame.rotation // 90) % 4))
