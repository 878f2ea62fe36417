"""Video files that are read, through PyAV: which stream, how fast, and frame by frame."""

from __future__ import annotations

import logging
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from PIL import Image

from ..errors import BridgeError
from ..files import MOST_PIXELS, TOO_MANY, check_pixels, is_animated_webp, is_heic, regular_file, shown
from .colour import FrameReader
from .frames import Frame
from .pace import FASTEST, SLOWEST

log = logging.getLogger(__name__)

USUAL_RATE = 25.0
"""Of a clip that says nothing, with one frame."""
MEASURED_PACKETS = 240
MEASURED_BYTES = 64 * 2**20
"""What is read of a clip, at most, to measure its rate where the one that it claims can't be trusted."""
LIKE, MOST_LEFT_OUT = 1.1, 1.75
"""Factors: how far a rate may be from what is measured to be believed, and how much faster the clock may be of which
frames were left out."""
LONGEST_STILL = 60.0
"""Seconds that a clip stands still for want of a frame; what claims a longer gap is cut to this."""
LONGEST_END = 1.0
"""Seconds that the last frame of a clip is shown for, unless its rate says longer."""
FRAMES_BACK = 3
"""Frames in a row whose times lie before what has been shown: another recording was joined on, and goes on from here.
Fewer are out of order, as after a damaged place, and are shown at once."""
BARREN_PACKETS = 2000
"""Packets in a row without a frame, after which a file is given up."""
CONTAINERS = (
    "3gp,apng,asf,avi,dv,flv,gif,gxf,h264,hevc,ivf,m4v,matroska,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,"
    "rm,webm,wtv,yuv4mpegpipe,"
    "bmp_pipe,dpx_pipe,exr_pipe,jpeg_pipe,jpegxl_pipe,png_pipe,tiff_pipe,webp_pipe,"
    "aac,aiff,flac,mp3,wav"
)
"""Formats that are opened. Playlists and the like, which open other files or addresses, are none of them; those of
sound are, to say what they are."""
LIMITS = {"max_pixels": str(MOST_PIXELS)}
OPTIONS = {**LIMITS, "format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these leave out the alpha."""
BROKEN = (FFmpegError, ValueError, OverflowError, MemoryError)
"""What PyAV raises for a frame that can't be had."""


class Clip:
    """A video file that can be read: its first picture has been.

    rate in frames a second, size (width, height) as shown, frames and seconds as the file claims (0 = unknown),
    has_sound. Raises BridgeError.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = regular_file(path)
        self._damage_told = False
        damage = Damage()
        with opened(self.path) as container:
            stream = film_of(container, self.path)
            self.frames = max(stream.frames, 0)
            self.seconds = max(container.duration or 0, 0) / av.time_base
            self.has_sound = bool(container.streams.audio)
            first = next(_pictures(container, stream, damage, self.path), None)
        if first is None:
            raise BridgeError(f"{shown(self.path)} holds no picture ({damage.reason}); copy it again")
        height, width = first[0].shape[:2]
        self.size = (width, height)
        self.rate = _bounded(self._rate(), self.path)
        self.end = 0.0
        """Seconds after its first frame that the last frame lasts to, as far as it has been decoded."""

    def decode(self) -> Generator[Frame, None, None]:
        """All frames once, RGB or RGBA, `time` in seconds from the first.

        Damaged places are left out, which the log says once; BridgeError if nothing is left, or the file has gone.
        """
        damage = Damage()
        times = _Times(1 / self.rate)
        number = -1
        with opened(self.path) as container:
            stream = film_of(container, self.path)
            stream.thread_type = "AUTO"
            for number, (pixels, time) in enumerate(_pictures(container, stream, damage, self.path)):
                now = times.next(time)
                self.end = times.end
                yield Frame(pixels, number, now)
        if number < 0:
            raise BridgeError(f"{shown(self.path)} holds no picture ({damage.reason}); copy it again")
        if damage.places and not self._damage_told:
            self._damage_told = True
            log.warning("%s is damaged (%s): %d places left out", self.path, damage.reason, damage.places)

    def _rate(self) -> float:
        """What the file claims, if the times of its first frames are like that; else the mean of those.

        Where frames are left out of a steady clock, as phones and screen recorders do, it is the rate of that clock.
        """
        with opened(self.path) as container:
            stream = film_of(container, self.path)
            steps = list(_first_steps(container, stream))
            claimed, clock = float(stream.average_rate or 0), float(stream.base_rate or 0)
        lasted = sum(steps)
        mean = len(steps) / lasted if lasted > 0 else claimed or USUAL_RATE
        if claimed == clock and 1 / LIKE < claimed / mean < LIKE:
            return claimed
        return clock if mean <= clock < MOST_LEFT_OUT * mean else mean


@dataclass
class Damage:
    """What could not be decoded on the way through a file."""

    places: int = 0
    reason: str = "it ends at once"

    def note(self, error: BaseException | str) -> None:
        self.places += 1
        self.reason = str(getattr(error, "strerror", None) or error or type(error).__name__)


def opened(path: Path) -> InputContainer:
    """BridgeError for what is no video or sound that is read here."""
    regular_file(path)
    if is_heic(path):
        raise BridgeError(f"{shown(path)} is a HEIC picture, which can't be read here; save it as JPEG or PNG")
    if is_animated_webp(path):
        raise BridgeError(f"{shown(path)} is an animated WebP, which can't be read here; convert it to MP4 or GIF")
    try:
        # the protocol keeps a colon in a name from being taken for one
        return av.open(f"file:{path}", options=OPTIONS, metadata_errors="replace")
    except PermissionError:
        raise BridgeError(f"{shown(path)} may not be read; change its permissions") from None
    except (*BROKEN, OSError) as reason:
        what = getattr(reason, "strerror", None) or reason
        raise BridgeError(f"{shown(path)} cannot be read as video ({what}); convert it to H.264 MP4") from reason


def film_of(container: InputContainer, path: Path) -> VideoStream:
    """The stream that is meant to be watched: the default one, and no cover. Raises BridgeError if there is none."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    films = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not films:
        raise BridgeError(f"{shown(path)} holds no video; give it a clip")
    stream = next((film for film in films if film.disposition & Disposition.default), films[0])
    if stream.codec_context is None:
        raise BridgeError(f"{shown(path)} is in a format that nothing here decodes; convert it to H.264 MP4")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width or height:
        check_pixels(width, height, path)
    elif container.format.name.endswith("_pipe"):
        _check_picture(path)
    return stream


def _check_picture(path: Path) -> None:
    """Raise BridgeError if a picture has too many pixels, which FFmpeg calls invalid without saying why."""
    try:
        with Image.open(path) as picture:
            size = picture.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BridgeError(f"{shown(path)} has too many pixels; {TOO_MANY}") from None
    except Exception:  # noqa: BLE001 - a damaged file raises anything, and FFmpeg may still read it
        return
    check_pixels(*size, path)


def _pictures(
    container: InputContainer, stream: VideoStream, damage: Damage, path: Path
) -> Iterator[tuple[np.ndarray, float | None]]:
    """Each frame as it is shown, and its time in the file."""
    reader = FrameReader(str(path), stream.sample_aspect_ratio)
    for frame in _frames(container, stream, damage):
        try:
            pixels = reader.read(frame)
        except BROKEN as error:
            damage.note(error)
            continue
        yield pixels, _seconds(frame.pts, stream)


def _frames(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    decoder = _decoder(stream)
    packets = container.demux(stream)
    barren = 0
    while barren < BARREN_PACKETS:
        try:
            packet = next(packets, None)
        except BROKEN as error:  # nothing can be read beyond this
            damage.note(error)
            return
        if packet is None:
            return
        barren += 1
        try:
            for frame in decoder.decode(packet if packet.size else None):
                barren = 0
                yield frame
        except BROKEN as error:
            damage.note(error)
    damage.note("it holds nothing that can be decoded for a long way")


def _decoder(stream: VideoStream) -> VideoCodecContext:
    """What decodes a stream: with its alpha, where it has some."""
    own = stream.codec_context
    has_alpha = any(key.lower() == "alpha_mode" and value == "1" for key, value in stream.metadata.items())
    name = ALPHA_DECODERS.get(own.name) if has_alpha else None
    if name is None:
        own.options = {**own.options, **LIMITS}
        return own
    decoder = CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata, decoder.options = own.extradata, LIMITS
    return decoder


def _first_steps(container: InputContainer, stream: VideoStream) -> Iterator[float]:
    """Seconds from each of the first frames to the next; a jump is none, as where a recording was joined on."""
    read, last = 0, None
    try:
        for packet in islice(container.demux(stream), MEASURED_PACKETS):
            time = _seconds(packet.pts if packet.dts is None else packet.dts, stream)
            read += packet.size
            if read > MEASURED_BYTES:
                return
            if time is None:
                continue
            if last is not None and 0 <= time - last <= LONGEST_STILL:
                yield time - last
            last = time
    except BROKEN:  # it is damaged from here on, which decoding tells
        return


def _bounded(rate: float, path: Path) -> float:
    bounded = min(max(rate, SLOWEST), FASTEST)
    if not math.isclose(bounded, rate):
        log.warning("%s has %g frames a second; %g are played", shown(path), rate, bounded)
    return bounded


def _seconds(pts: int | None, stream: VideoStream) -> float | None:
    return None if pts is None else float(pts * (stream.time_base or Fraction(1, av.time_base)))


class _Times:
    """The times of frames, from 0 and never back: without the jumps of a file that was joined or damaged."""

    def __init__(self, step: float) -> None:
        self._usual = self._lasts = step
        self._offset: float | None = None
        self._last = 0.0
        self._back = 0

    @property
    def end(self) -> float:
        """When the frame that came last has been shown for as long as the one before it, which is a guess."""
        return self._last + self._lasts

    def next(self, time: float | None) -> float:
        """Of a frame, by its time in the file; one without comes a frame later than the one before."""
        if self._offset is None:
            self._offset = time or 0.0
            return self._last
        step = self._usual if time is None else time - self._offset - self._last
        self._back = self._back + 1 if step < 0 else 0
        if self._back == FRAMES_BACK or step > LONGEST_STILL:
            jump, step = step, self._usual if step < 0 else LONGEST_STILL
            self._offset += jump - step
        self._last += max(step, 0.0)
        self._lasts = max(self._usual, min(step, LONGEST_END))
        return self._last
