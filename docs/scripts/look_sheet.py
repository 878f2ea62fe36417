"""A sheet of every style that the bundled model knows: one frame of a clip in each, under three controls.

    python start.py python docs/scripts/look_sheet.py CLIP SHEET.jpg [--frame N]

Above stand the controls themselves, depth, scribble and gray; below, a row of three for each style, two styles side by
side. Every picture is frame N of a `render` of the clip from its beginning, with the style's name as the prompt.
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.load import load
from backend.engine.options import ModelOptions
from backend.imaging.fitting import cover
from bridge.video.clip import Clip
from docs.scripts.contact_sheet import rendered
from vace_core.config import pipeline_named
from vace_core.pocket.looks import STYLES

CONTROLS = ("depth", "scribble", "gray")
GAP, CAPTION = 4, 18
PAPER, INK = (24, 20, 20), (224, 220, 220)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--frame", type=int, default=32, help="number of the frame")
    options = parser.parse_args()
    pipeline = pipeline_named("pocket")
    size = (pipeline.height, pipeline.width)
    frames = [cover(frame.pixels, *size) for frame in islice(Clip(options.clip).decode(), options.frame + 12)]
    loaded = load(ModelOptions("pocket", "cpu"))

    def made(prompt: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """The frame under each control, and that control."""
        values = [{"/vace/prompt": prompt, "/vace/control": kind} for kind in CONTROLS]
        return [rendered(ChunkPipeline(loaded, *size), frames, options.frame, one) for one in values]

    styles = {style: made(style) for style in STYLES}
    controls = captioned([control for _, control in styles[STYLES[0]]], "controls: depth, scribble, gray")
    rows = [captioned([shown for shown, _ in pictures], style) for style, pictures in styles.items()]
    rows = [controls, controls, *rows, *[np.full_like(controls, PAPER)] * (len(rows) % 2)]
    lines = [np.hstack(pair) for pair in zip(rows[::2], rows[1::2], strict=True)]
    cv2.imwrite(str(options.sheet), np.vstack(lines)[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 90))


def captioned(pictures: list[np.ndarray], text: str) -> np.ndarray:
    """Pictures side by side in a frame, with a line of text above them."""
    framed = [cv2.copyMakeBorder(each, 0, GAP, GAP, GAP, cv2.BORDER_CONSTANT, value=PAPER) for each in pictures]
    row = cv2.copyMakeBorder(np.hstack(framed), CAPTION, GAP, GAP, GAP, cv2.BORDER_CONSTANT, value=PAPER)
    return cv2.putText(row, text, (2 * GAP, CAPTION - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
