"""Files that no show should be darkened by, made anew in a folder: too large, broken, endless, or no files at all."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import cv2
import numpy as np

Maker = Callable[[Path], object]
PNG = b"\x89PNG\r\n\x1a\n"
ZEROS = 2**20
"""Bytes that are compressed at once: a block that is written again and again."""
GREY = (8, 0)
BITMAP = (1, 0)
"""Bits a sample and colour type of a PNG."""
CLIP_SIZE, CLIP_FRAMES = (96, 64), 60


def make_hostile_files(folder: Path, web_port: int) -> dict[str, Path]:
    """Each file by what is wrong with it. web_port: of 127.0.0.1, where the playlist's address leads.

    What this system has not (pipes and devices, on Windows) is left out.
    """
    made = {}
    for name, make in {**MAKERS, "a playlist with an address.m3u8": _playlist(web_port)}.items():
        path = folder / name
        make(path)
        made[name] = path
    if os.name == "posix":
        made |= _make_special(folder)
    return made


def black_png(path: Path, width: int, height: int, bits: int, colour: int) -> None:
    """A black picture of any size, without ever holding its pixels: its data is one block, many times over."""
    row = 1 + -(-width * bits // 8)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    path.write_bytes(
        PNG + _part(b"IHDR", header) + _part(b"IDAT", zeros_compressed(row * height)) + _part(b"IEND", b"")
    )


def zeros_compressed(count: int) -> bytes:
    """So many zero bytes as a zlib stream; a block that is flushed fully can be repeated."""
    whole, rest = divmod(count, ZEROS)
    tail = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    checksum = count % 65_521 << 16 | 1
    return (
        b"\x78\x9c" + _flushed(ZEROS) * whole + tail.compress(bytes(rest)) + tail.flush() + checksum.to_bytes(4, "big")
    )


def _flushed(count: int) -> bytes:
    block = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return block.compress(bytes(count)) + block.flush(zlib.Z_FULL_FLUSH)


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture() -> np.ndarray:
    """Something to look at, in BGR."""
    across, down = np.meshgrid(np.arange(192), np.arange(128))
    return np.stack((across, down, 255 - across), axis=2).astype(np.uint8)


def clip(path: Path) -> None:
    """Two seconds of a moving picture, as MP4."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height = CLIP_SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(CLIP_FRAMES):
            pixels = np.roll(picture()[:64, :96], number, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())


def _encoded(suffix: str, part: float) -> Maker:
    """The first part of a picture file."""

    def make(path: Path) -> None:
        data = cv2.imencode(suffix, picture())[1].tobytes()
        path.write_bytes(data[: int(part * len(data))])

    return make


def _half_a_clip(path: Path) -> None:
    clip(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _noise_in_a_clip(path: Path) -> None:
    clip(path)
    data = bytearray(path.read_bytes())
    for place in range(64, len(data), 97):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))


def _written(data: bytes) -> Maker:
    return lambda path: path.write_bytes(data)


def _playlist(port: int) -> Maker:
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:{port}/segment.ts\n#EXT-X-ENDLIST\n"
    return _written(text.encode())


def _folder(path: Path) -> None:
    path.mkdir(exist_ok=True)


def _bitmap_header(side: int) -> bytes:
    """The head of a BMP that claims a size, without its pixels."""
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    )


MAKERS: Mapping[str, Maker] = {
    "50,000 x 50,000.png": lambda path: black_png(path, 50_000, 50_000, *BITMAP),
    "30,000 x 30,000.png": lambda path: black_png(path, 30_000, 30_000, *GREY),
    "one row of 1,000,000.png": lambda path: black_png(path, 1_000_000, 1, *GREY),
    "claims 60,000 x 60,000.bmp": _written(_bitmap_header(60_000)),
    "cut off.png": _encoded(".png", 0.5),
    "cut off.jpg": _encoded(".jpg", 0.1),
    "cut off.webp": _encoded(".webp", 0.3),
    "cut off.mp4": _half_a_clip,
    "damaged.mp4": _noise_in_a_clip,
    "empty.png": _written(b""),
    "empty.mp4": _written(b""),
    "text.png": _written(b"this is a letter, not a picture\n" * 20),
    "text.mp4": _written(b"this is a letter, not a film\n" * 20),
    "claims to be HEIC.heic": _written(struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(400)),
    "a folder.png": _folder,
    "a folder": _folder,
}


def _make_special(folder: Path) -> dict[str, Path]:
    """What only looks like a file: opening or reading it waits for ever, or never ends."""
    pipe, bound, link = folder / "a pipe.png", folder / "a socket.png", folder / "a link to zero.png"
    endless = folder / "a link to itself.png"
    for path in (pipe, folder / "a pipe.mp4"):
        os.mkfifo(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(bound))
    link.symlink_to("/dev/zero")
    endless.symlink_to(endless)
    named = (pipe, folder / "a pipe.mp4", bound, link, endless)
    return {path.name: path for path in named} | {"/dev/zero": Path("/dev/zero"), "/dev/full": Path("/dev/full")}
