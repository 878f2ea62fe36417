"""A contact sheet: one frame of a clip under three prompts and three controls, and with a half kept.

    python start.py python docs/scripts/contact_sheet.py CLIP SHEET.jpg [--frame N]

Each row is one control (the input as it follows it, on the left), each column one prompt; the last row keeps the
left half of the input. Every picture is frame N of a `backend render` of the clip from its beginning.
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
from backend.offline.render import first_settings
from bridge.video.clip import Clip
from vace_core.config import pipeline_named

PROMPTS = (
    "gold on sand at sunset",
    "stained glass",
    "neon in a city at night",
)
ROWS = (("depth", "none"), ("scribble", "none"), ("gray", "none"), ("depth", "right"))
GAP = 6
CAPTION = 22


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--frame", type=int, default=44, help="number of the frame")
    parser.add_argument("--prompts", nargs=3, default=PROMPTS)
    options = parser.parse_args()
    pipeline = pipeline_named("pocket")
    size = (pipeline.height, pipeline.width)
    frames = [cover(frame.pixels, *size) for frame in islice(Clip(options.clip).decode(), options.frame + 12)]
    loaded = load(ModelOptions("pocket", "cpu"))
    rows = []
    for control, mask in ROWS:
        pictures = []
        for prompt in options.prompts:
            values = {"/vace/prompt": prompt, "/vace/control": control, "/vace/mask/source": mask}
            shown, followed = rendered(ChunkPipeline(loaded, *size), frames, options.frame, values)
            if not pictures:
                label = control if mask == "none" else f"{control}, left half kept"
                pictures.append(captioned(followed, label))
            pictures.append(captioned(shown, prompt))
        rows.append(pictures)
    cv2.imwrite(str(options.sheet), np.vstack([np.hstack(row) for row in rows])[..., ::-1])


def rendered(
    maker: ChunkPipeline, frames: list[np.ndarray], number: int, values: dict[str, object]
) -> tuple[np.ndarray, np.ndarray]:
    """Frame `number` of the restyled clip, and its control."""
    settings, begin = first_settings(values), 0
    while True:
        wanted = maker.frames_wanted
        made = maker.make(frames[begin : begin + wanted], None, settings)
        if number < begin + wanted:
            assert made.control is not None
            return made.frames[number - begin], made.control[number - begin]
        begin += wanted


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A picture twice its size in a frame, with a line of text below it."""
    height, width = picture.shape[:2]
    large = cv2.resize(picture, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, GAP, CAPTION, GAP, GAP, cv2.BORDER_CONSTANT, value=(20, 20, 24))
    place = (GAP + 2, framed.shape[0] - 6)
    return cv2.putText(framed, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (220, 220, 220), 1, cv2.LINE_AA)


if __name__ == "__main__":
    main()
