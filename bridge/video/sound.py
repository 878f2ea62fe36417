"""The sound of a clip, put beside the pictures of another."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from ..errors import BridgeError
from ..files import shown
from .clip import BROKEN, film_of, opened

log = logging.getLogger(__name__)

COPIED = ("aac", "ac3", "alac", "eac3", "mp3")
"""Codecs whose packets an MP4 takes as they are; others are made AAC."""
AAC_RATE = 192_000
"""Bits a second."""
AAC_SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000)


def add_sound(video: Path, source: Path, whole: Path) -> None:
    """Write to `whole` the pictures of `video`, as they are, with the sound of `source` from its first picture on.

    What of it lies before that, or after the last picture, is left out. Raises BridgeError.
    """
    try:
        with opened(video) as pictures, opened(source) as sounding, av.open(f"file:{whole}", "w") as out:
            _copy(pictures, sounding, source, out)
    except (*BROKEN, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BridgeError(f"the sound of {shown(source)} cannot be kept ({reason}); leave out --audio") from error


def sound_of(container: InputContainer, path: Path) -> AudioStream:
    """The stream that is meant to be heard. Raises BridgeError if there is none that can be."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        raise BridgeError(f"{shown(path)} has no sound that can be kept; leave out --audio")
    return stream


def check_sound(path: Path) -> None:
    """Raise BridgeError if a clip has no sound that `add_sound` could keep."""
    with opened(path) as container:
        stream = sound_of(container, path)
        try:
            first = next(iter(container.decode(stream)), None)
        except BROKEN as error:
            raise BridgeError(f"the sound of {shown(path)} cannot be read ({error}); leave out --audio") from error
    if first is None:
        raise BridgeError(f"{shown(path)} has no sound that can be kept; leave out --audio")


def _copy(pictures: InputContainer, sounding: InputContainer, source: Path, out: OutputContainer) -> None:
    film, sound = pictures.streams.video[0], sound_of(sounding, source)
    film_out = out.add_stream_from_template(film)
    copied = sound.codec_context.codec.canonical_name in COPIED
    sound_out = out.add_stream_from_template(sound) if copied else _aac(out, sound)
    assert isinstance(sound_out, AudioStream)
    begin = _first_time(source)
    end = begin + (pictures.duration or 0) / av.time_base
    packets = _sound_packets(sounding, sound, begin, end)
    if copied:
        coded = _restamped(packets, sound, begin)
    else:
        coded = _encoded(packets, sound, sound_out, begin)
    waiting = next(coded, None)
    for packet in pictures.demux(film):
        if packet.dts is None:
            continue
        now = float(packet.dts * film.time_base)  # type: ignore[operator]
        while waiting is not None and _time_of(waiting) <= now:
            _mux(out, waiting, sound_out)
            waiting = next(coded, None)
        packet.stream = film_out
        out.mux(packet)
    while waiting is not None:
        _mux(out, waiting, sound_out)
        waiting = next(coded, None)


def _mux(out: OutputContainer, packet: Packet, stream: AudioStream) -> None:
    packet.stream = stream
    out.mux(packet)


def _aac(out: OutputContainer, sound: AudioStream) -> AudioStream:
    own = sound.codec_context.sample_rate
    rate = min(AAC_SAMPLE_RATES, key=lambda known: abs(known - own))
    stream = out.add_stream("aac", rate=rate)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = "mono" if sound.codec_context.channels == 1 else "stereo"
    stream.codec_context.bit_rate = AAC_RATE
    return stream


def _first_time(path: Path) -> float:
    """When the first picture is shown, in seconds of the file."""
    with opened(path) as container:
        film = film_of(container, path)
        for frame in container.decode(film):
            return 0.0 if frame.time is None else frame.time
    return 0.0


def _sound_packets(container: InputContainer, stream: AudioStream, begin: float, end: float) -> Iterator[Packet]:
    """Those between two moments; what is damaged ends it, which is told."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except BROKEN as error:
            log.warning("the sound is damaged (%s); it is kept up to there", error)
            return
        if packet is None or (packet.pts is None and packet.size == 0):
            return
        if packet.pts is None or _time_of(packet) < begin:
            continue
        if _time_of(packet) >= end:
            return
        yield packet


def _restamped(packets: Iterator[Packet], stream: AudioStream, begin: float) -> Iterator[Packet]:
    shift = round(begin / stream.time_base)  # type: ignore[operator]
    for packet in packets:
        assert packet.pts is not None
        packet.pts -= shift
        packet.dts = packet.pts
        yield packet


def _encoded(packets: Iterator[Packet], sound: AudioStream, out: AudioStream, begin: float) -> Iterator[Packet]:
    resampler = av.AudioResampler("fltp", out.codec_context.layout, out.codec_context.sample_rate)
    step = Fraction(1, out.codec_context.sample_rate)
    position: int | None = None
    for packet in packets:
        for frame in packet.decode():
            for converted in resampler.resample(frame):  # type: ignore[arg-type]
                if position is None:
                    position = max(round(((frame.time or begin) - begin) / step), 0)
                converted.pts, converted.time_base = position, step
                position += converted.samples
                yield from out.encode(converted)
    yield from out.encode(None)


def _time_of(packet: Packet) -> float:
    return float(packet.pts * packet.time_base)  # type: ignore[operator]
