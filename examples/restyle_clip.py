"""Restyle a clip: its depth is followed, everything else is made from the prompt.

    python start.py python examples/restyle_clip.py CLIP OUT.mp4 --prompt "a house of ice, snowing"

`python start.py render` does the same with every control there is; this is what it comes down to.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from bridge.video.clip import Clip
from bridge.video.file import FileSink
from bridge.video.frames import Frame
from vace_core import Controls, Stream, load
from vace_core.annotators.annotator import annotator
from vace_core.annotators.pixels import pixels, video

CUP = Path(__file__).resolve().parents[1] / "backend" / "clips" / "cup.mp4"
WIDTH, HEIGHT = 192, 128


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", nargs="?", type=Path, default=CUP, help="default: the bundled one")
    parser.add_argument("out", nargs="?", default="restyled.mp4")
    parser.add_argument("--prompt", default="gold on sand at sunset")
    parser.add_argument("--frames", type=int, help="no more than the first so many")
    options = parser.parse_args()

    clip = Clip(options.clip)
    pictures = (cv2.resize(frame.pixels[..., :3], (WIDTH, HEIGHT)) for frame in islice(clip.decode(), options.frames))
    with FileSink(options.out, WIDTH, HEIGHT, clip.rate) as sink:
        for number, picture in enumerate(restyled(pictures, options.prompt)):
            sink.send(Frame(picture, number, number / clip.rate))
    print(f"{options.out}: {number + 1} frames")


def restyled(pictures: Iterator[np.ndarray], prompt: str) -> Iterator[np.ndarray]:
    """As many RGB pictures `[H, W, 3]` as are given, chunk by chunk."""
    stream, depth = Stream(load("pocket"), HEIGHT, WIDTH), annotator("depth")
    while batch := list(islice(pictures, stream.frames_wanted)):
        filled = batch + batch[-1:] * (stream.frames_wanted - len(batch))  # a chunk is never shorter
        control = depth(video(np.stack(filled)))
        if chunk := stream.step(Controls(prompt=prompt, control=control)):  # None at first where steps are batched
            yield from pixels(chunk.frames)[: len(batch)]


if __name__ == "__main__":
    main()
