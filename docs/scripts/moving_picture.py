"""The moving picture in the README: the bundled clip, and five looks of it in step, as an animated WebP.

    python start.py python docs/scripts/moving_picture.py [--out FILE]

Every look is an output of `render` with the options below, at a size that the bundled model was not trained for but
looks best in. Nothing is retouched: frames are enlarged, put side by side and captioned, and the end fades into the
beginning.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

CLIP = ROOT / "backend" / "clips" / "cup.mp4"
OUT = ROOT / "docs" / "pictures" / "looks.webp"
WIDTH, HEIGHT = 288, 192
FIRST, FRAMES, FADE = 12, 108, 8
"""The first frame that is shown, how many are rendered, and how many the end takes to become the beginning."""
EVERY = 1
CELL = (408, 272)
GAP, CAPTION = 6, 40
PAPER, INK, ACCENT = (16, 12, 11), (214, 208, 205), (77, 177, 255)
KEEP_SUBJECT = ("--mask-source", "subject", "--mask-invert", "--mask-grow", "3", "--mask-smooth", "4")
LOOKS = (
    ("scribble", "neon", ("--control", "scribble")),
    ("depth", "stained glass", ("--control", "depth")),
    ("gray", "oil painting", ("--control", "gray")),
    ("mask subject, inverted", "candy", ("--control", "gray", *KEEP_SUBJECT)),
    ("mask right", "blueprint", ("--control", "scribble", "--mask-source", "right")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--renders", type=Path, help="keep the rendered clips here, and use those that are there")
    parser.add_argument("--quality", type=int, default=58)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.renders or Path(scratch)
        clips = [rendered(folder / f"look{number}.mp4", look[1], look[2]) for number, look in enumerate(LOOKS)]
    columns = [captioned(frames_of(CLIP), "input", "")]
    columns += [captioned(clip, name, prompt) for clip, (name, prompt, _) in zip(clips, LOOKS, strict=True)]
    sheet = [np.vstack([np.hstack(row[:3]), np.hstack(row[3:])]) for row in zip(*columns, strict=True)]
    write(options.out, [framed(picture) for picture in looped(sheet)], options.quality)


def rendered(clip: Path, prompt: str, options: tuple[str, ...]) -> list[np.ndarray]:
    """The frames of the bundled clip under one prompt."""
    if not clip.exists():
        size = ("--width", str(WIDTH), "--height", str(HEIGHT), "--frames", str(FIRST + FRAMES))
        command = [sys.executable, "-m", "backend", "render", str(CLIP), str(clip), "--prompt", prompt]
        subprocess.run([*command, *options, *size], cwd=ROOT, check=True)
    return frames_of(clip)


def frames_of(clip: Path) -> list[np.ndarray]:
    """Those that are shown, enlarged."""
    video, frames = cv2.VideoCapture(str(clip)), []
    while len(frames) < FIRST + FRAMES:
        there, frame = video.read()
        if not there:
            raise SystemExit(f"{clip} has {len(frames)} frames; {FIRST + FRAMES} are needed")
        frames.append(frame)
    return [cv2.resize(frame, CELL, interpolation=cv2.INTER_LANCZOS4) for frame in frames[FIRST::EVERY]]


def captioned(frames: list[np.ndarray], name: str, prompt: str) -> list[np.ndarray]:
    """Each with a line below: what is followed, and the prompt."""
    line = np.full((CAPTION, CELL[0], 3), PAPER, np.uint8)
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.66
    cv2.putText(line, name, (4, 24), font, size, ACCENT, 1, cv2.LINE_AA)
    (width, _), _ = cv2.getTextSize(name, font, size, 1)
    cv2.putText(line, prompt, (4 + width + 12, 24), font, size, INK, 1, cv2.LINE_AA)
    border = (0, 0, GAP // 2, GAP // 2)
    return [cv2.copyMakeBorder(np.vstack([f, line]), *border, cv2.BORDER_CONSTANT, value=PAPER) for f in frames]


def framed(picture: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(picture, 2 * GAP, 0, 2 * GAP, 2 * GAP, cv2.BORDER_CONSTANT, value=PAPER)


def looped(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """The last FADE of them become the first ones."""
    shares = np.linspace(0, 1, FADE + 2)[1:-1]
    ends = zip(pictures[-FADE:], pictures[:FADE], shares, strict=True)
    return pictures[FADE:-FADE] + [cv2.addWeighted(end, 1 - share, start, share, 0) for end, start, share in ends]


def write(path: Path, pictures: list[np.ndarray], quality: int) -> None:
    film = cv2.Animation()
    film.frames = pictures
    film.durations = np.full(len(pictures), round(1000 * EVERY / 24), np.int32)
    if not cv2.imwriteanimation(str(path), film, [cv2.IMWRITE_WEBP_QUALITY, quality]):
        raise SystemExit(f"{path} could not be written")
    sys.stderr.write(f"{path.name}: {len(pictures)} frames, {path.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
