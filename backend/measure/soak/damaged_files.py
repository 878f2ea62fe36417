"""Damaged pictures and clips by the thousand, read as a show reads them: each is frames, or an error in one line.

`python -m backend.measure.soak.damaged_files --count 500` reads so many of each kind. The same seed makes the same
files. Each batch is read by a process of its own, so that one that hangs, or that brings down what decodes it, is
told apart from one that is refused.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bridge.errors import BridgeError

PICTURES = ("png", "jpg", "webp", "bmp", "tif", "avif")
CLIPS = ("mp4", "mov", "webm", "mkv", "avi", "ts", "gif")
KINDS = (*PICTURES, *CLIPS)
HEIGHT, WIDTH, FRAMES = 48, 64, 6
MOST_FRAMES = 200
"""That are read of one file; a damaged one may claim to be endless."""
BATCH = 100
HANG_SECONDS = 120.0
"""For a batch: a hundred times what it takes on an idle machine."""
MOST_SHOWN = 400
"""Characters of an error that is still one line."""


@dataclass
class Figures:
    """Of one kind. wrong: outcomes that should not be, by the number of the file that each is of."""

    kind: str
    read: int = 0
    refused: int = 0
    hung: int = 0
    wrong: dict[int, str] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether every file was read or refused as it should be."""
        return not self.hung and not self.wrong


def fuzz_files(kind: str, count: int, seed: int = 0) -> Figures:
    """Damage `count` files of one of KINDS and read them. Any number of them may be asked for."""
    figures = Figures(kind)
    for begin in range(0, count, BATCH):
        _add_batch(figures, begin, min(BATCH, count - begin), seed)
    return figures


def damaged(whole: bytes, number: int, seed: int) -> bytes:
    """The number-th damaged copy of a file: bytes flipped, numbers made extreme, cut short, or parts moved about."""
    chance = random.Random(f"{seed}/{number}")
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        _damage(data, chance)
    return bytes(data)


def valid_file(kind: str, path: Path) -> None:
    """A small file of a kind, as it should be."""
    if kind in PICTURES:
        _picture(path)
    else:
        _clip(kind, path)


def read_file(kind: str, path: Path) -> int:
    """Frames that a show would get of a file. Raises what the reading functions raise."""
    from backend.imaging.stills import read_still
    from bridge.video.clip import Clip

    if kind in PICTURES:
        _check(read_still(str(path), alpha=True))
        return 1
    clip = Clip(path)
    if not 1 <= clip.rate <= 240:
        raise AssertionError(f"{clip.rate} frames a second")
    number, last = 0, 0.0
    for frame in islice(clip.decode(), MOST_FRAMES):
        _check(frame.pixels)
        if frame.number != number or not last <= frame.time <= last + 60:
            raise AssertionError(f"frame {frame.number} at {frame.time} after {last}")
        number, last = number + 1, frame.time
    return number


def main(arguments: list[str]) -> int:
    """Print the figures of each kind, as JSON; 1 if any was not sound."""
    parser = argparse.ArgumentParser(prog="python -m backend.measure.soak.damaged_files", description=__doc__)
    parser.add_argument("--kind", choices=KINDS, action="append", help="may be given several times (default: all)")
    parser.add_argument("--count", type=int, default=500, help="files of each kind (default 500)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, nargs=2, metavar=("BEGIN", "COUNT"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    kinds = options.kind or list(KINDS)
    if options.batch:
        begin, count = options.batch
        return _read_batch(kinds[0], begin, count, options.seed)
    figures = [fuzz_files(kind, options.count, options.seed) for kind in kinds]
    sys.stdout.write(json.dumps([asdict(one) for one in figures], indent=1) + "\n")
    return 0 if all(one.is_sound for one in figures) else 1


def _add_batch(figures: Figures, begin: int, count: int, seed: int) -> None:
    """Read a batch in a process of its own, and go on behind the file that it hung at or fell over."""
    while count:
        command = [sys.executable, "-m", __spec__.name, "--kind", figures.kind]
        command += ["--seed", str(seed), "--batch", str(begin), str(count)]
        hung = False
        try:
            ran = subprocess.run(command, stdout=subprocess.PIPE, timeout=HANG_SECONDS, check=False)
            output, code = ran.stdout, ran.returncode
        except subprocess.TimeoutExpired as late:
            output, code, hung = late.stdout or b"", 0, True
        rows = [json.loads(line) for line in output.decode().splitlines() if line.endswith("}")]
        for row in rows:
            _add(figures, row)
        begin, count = begin + len(rows), count - len(rows)
        if not count:
            return
        figures.hung += hung
        if not hung:
            figures.wrong[begin] = f"the process ended with {code}"
        begin, count = begin + 1, count - 1


def _add(figures: Figures, row: dict[str, Any]) -> None:
    if row["outcome"] == "read":
        figures.read += 1
    elif row["outcome"] == "refused":
        figures.refused += 1
    else:
        figures.wrong[row["number"]] = row["outcome"]


def _read_batch(kind: str, begin: int, count: int, seed: int) -> int:
    """Read files and print a line for each as it is done."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / f"whole.{kind}"
        valid_file(kind, whole)
        content = whole.read_bytes()
        path = Path(folder) / f"damaged.{kind}"
        for number in range(begin, begin + count):
            path.write_bytes(damaged(content, number, seed))
            sys.stdout.write(json.dumps({"number": number, "outcome": _outcome(kind, path)}) + "\n")
            sys.stdout.flush()
    return 0


def _outcome(kind: str, path: Path) -> str:
    """read, refused, or what should not have happened."""
    from backend.imaging.stills import PictureError

    try:
        return "read" if read_file(kind, path) else "no frame, and no word of it"
    except (BridgeError, PictureError) as error:
        message = str(error)
        is_clear = path.name in message and "\n" not in message and len(message) < MOST_SHOWN
        return "refused" if is_clear else f"an error that tells nothing: {message!r}"
    except Exception as error:  # noqa: BLE001 - what is being looked for
        return f"{type(error).__name__}: {error}"


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or not pixels.size:
        raise AssertionError(f"a frame of {pixels.shape} {pixels.dtype}")


def _damage(data: bytearray, chance: random.Random) -> None:
    """Once, in place; the head of a file, where its claims are, is hit more often."""
    if len(data) < 16:
        return
    place = min(int(chance.random() ** chance.choice((1, 3)) * len(data)), len(data) - 9)
    way = chance.choice(("bit", "byte", "number", "number", "cut", "drop", "double", "swap", "zero"))
    other = chance.randrange(len(data))
    length = min(chance.choice((1, 4, 64, 1024)), len(data) - max(place, other))
    if way == "bit":
        data[place] ^= 1 << chance.randrange(8)
    elif way == "byte":
        data[place] = chance.randrange(256)
    elif way == "number":
        size = chance.choice((1, 2, 4, 8))
        value = chance.choice((0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), 2 ** (8 * size - 1) - 1, 0x7FFF, 50000))
        order = chance.choice(("big", "little"))
        data[place : place + size] = (value % 2 ** (8 * size)).to_bytes(size, order)
    elif way == "cut":
        del data[max(place, 8) :]
    elif way == "drop":
        del data[place : place + length]
    elif way == "double":
        data[place:place] = data[other : other + length]
    elif way == "swap":
        data[place : place + length], data[other : other + length] = (
            data[other : other + length],
            data[place : place + length],
        )
    else:
        data[place : place + length] = bytes(length)


def _frame(number: int) -> np.ndarray:
    pixels = np.random.default_rng(number).integers(0, 255, (6, 8, 4), np.uint8).repeat(8, 0).repeat(8, 1)
    pixels[..., 3] |= 128
    return pixels


def _picture(path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(_frame(0))
    suffix = path.suffix[1:]
    if suffix in ("jpg", "bmp"):
        picture = picture.convert("RGB")
    options: dict[str, Any] = {} if suffix == "bmp" else {"exif": exif}
    picture.save(path, **options)


def _clip(kind: str, path: Path) -> None:
    import av

    codec, pixel_format = {
        "webm": ("libvpx-vp9", "yuva420p"),
        "mkv": ("libvpx", "yuva420p"),
        "avi": ("mpeg4", "yuv420p"),
        "gif": ("gif", "rgb8"),
    }.get(kind, ("libx264", "yuv420p"))
    with av.open(f"file:{path}", "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        stream.codec_context.thread_count = 1
        if pixel_format == "yuva420p":
            stream.metadata["alpha_mode"] = "1"
            stream.options = {"auto-alt-ref": "0"}
        elif kind != "gif":
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(_frame(number), format="rgba").reformat(format=pixel_format)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
