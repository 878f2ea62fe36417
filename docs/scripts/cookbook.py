"""Writes the controls cookbook and its pictures: how each mode and mix is asked for, and what comes of it.

    python start.py python docs/scripts/cookbook.py

Every picture is a real output: the bundled clip, or a drawn one with a person in it, through the same chunk maker as a
show, with the settings of the messages above it. `--text` writes the page alone.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.cli.run_options import CLIP
from backend.engine.chunk_pipeline import ChunkPipeline
from backend.engine.load import load
from backend.engine.model import EngineModel
from backend.engine.options import ModelOptions
from backend.imaging.fitting import cover
from backend.offline.render import first_settings
from bridge.video.clip import Clip
from vace_core.config import pipeline_named

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "controls-cookbook.md"
PICTURES = PAGE.parent / "cookbook"
FRAMES = 45
SHOWN = (0, 8, 20, 44)
"""Frames of the output that are shown: the very first, and the last of the first chunk, the second and the fourth."""
GAP = 4
OPENING, GOAL, LAVA, ICE = (f"docs/reference/cookbook/{name}.jpg" for name in ("opening", "goal", "lava", "ice"))
LINES = "docs/reference/cookbook/lines.mp4"
Message = tuple[str, tuple[object, ...]]


def osc(address: str, *arguments: object) -> Message:
    return f"/vace/{address}", arguments


@dataclass(frozen=True)
class Recipe:
    """A name, what it is good for, and its messages. person: on the drawn clip. anchored: /vace/anchor follows."""

    name: str
    use: str
    messages: tuple[Message, ...]
    person: bool = False
    anchored: bool = False

    @property
    def picture(self) -> str:
        return self.name.lower().replace(",", "").replace(" ", "-")


GOLD, NEON, FROZEN = "gold on sand at sunset", "neon in a city at night", "ice, snowing"
MODES = (
    Recipe("Text alone", "Nothing of the input is followed.", (osc("control", "none"), osc("prompt", GOLD))),
    Recipe("Depth", "What is near stays near.", (osc("control", "depth"), osc("prompt", GOLD))),
    Recipe("Scribble", "Outlines are kept.", (osc("control", "scribble"), osc("prompt", GOLD))),
    Recipe("Grey", "Light and dark are kept; the colours are new.", (osc("control", "gray"), osc("prompt", FROZEN))),
    Recipe("Flow", "Movement is kept: its way and its speed.", (osc("control", "flow"), osc("prompt", NEON))),
    Recipe("Layout", "Things stay in their boxes.", (osc("control", "layout"), osc("prompt", GOLD))),
    Recipe("Pose", "People keep their posture.", (osc("control", "pose"), osc("prompt", FROZEN)), person=True),
    Recipe(
        "A control video of your own",
        "Depth, lines or anything else that your host renders itself. It may come from another sender than the input.",
        (osc("control/source", LINES), osc("control", "raw"), osc("prompt", NEON)),
    ),
    Recipe(
        "Inpainting, a half",
        "The white part of the mask is painted; the black part is the input's own pixels.",
        (osc("mask/source", "right"), osc("control", "depth"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Inpainting by the model alone",
        "As in the paper: what is kept goes through the model, and nothing is put back afterwards.",
        (osc("mask/source", "right"), osc("mask/composite", 0), osc("control", "depth"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Inpainting, what is kept pinned",
        "In between: nothing is put back, but in every step the model is held to what the mask keeps.",
        (osc("mask/source", "right"), osc("mask/composite", 0), osc("mask/pin", 1), osc("control", "depth"))
        + (osc("prompt", GOLD),),
    ),
    Recipe(
        "Inpainting, a drawn ellipse",
        "Shapes are drawn and moved by OSC.",
        (osc("mask/source", "ellipse"), osc("mask/ellipse", 0.5, 0.5, 0.3, 0.35), osc("mask/feather", 6.0))
        + (osc("control", "scribble"), osc("prompt", NEON)),
    ),
    Recipe(
        "Inpainting, the subject",
        "Whatever stands out from the background is found in every frame.",
        (osc("mask/source", "subject"), osc("mask/grow", 2.0), osc("control", "depth"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Inpainting, all but a person",
        "People stay as they are; the rest is painted.",
        (osc("mask/source", "person"), osc("mask/invert", 1), osc("control", "depth"), osc("prompt", FROZEN)),
        person=True,
    ),
    Recipe(
        "Outpainting",
        "The input in the middle of a larger picture.",
        (osc("canvas/x", 0.25), osc("canvas/y", 0.25), osc("canvas/w", 0.5), osc("canvas/h", 0.5))
        + (osc("control", "none"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Outpainting, one side",
        "The input is moved to the right, and what lies beyond its left edge is painted.",
        (osc("canvas/x", 0.3), osc("control", "depth"), osc("prompt", FROZEN)),
    ),
    Recipe(
        "Extension, from a first picture",
        "The show begins with a still and goes on from there.",
        (osc("first", OPENING), osc("control", "none"), osc("prompt", FROZEN)),
    ),
    Recipe(
        "Extension, to a last picture",
        "The chunk ends with a still.",
        (osc("last", GOAL), osc("control", "none"), osc("prompt", NEON)),
    ),
    Recipe(
        "Extension, first and last",
        "From one still to another within a chunk.",
        (osc("first", OPENING), osc("last", GOAL), osc("control", "none"), osc("prompt", FROZEN)),
    ),
    Recipe(
        "Extension, anchored again",
        "In the middle of a show, the picture returns to the first still or to the input's own frame.",
        (osc("anchor/from", "input"), osc("control", "depth"), osc("prompt", GOLD)),
        anchored=True,
    ),
    Recipe(
        "A reference",
        "The look of a picture, without any words.",
        (osc("reference", LAVA), osc("control", "depth"), osc("prompt", "")),
    ),
    Recipe(
        "Two references",
        "The first gives the look of the things, the second that of their surroundings.",
        (osc("reference", LAVA, ICE), osc("control", "depth"), osc("prompt", "")),
    ),
    Recipe(
        "A reference, faint",
        "Each reference has a strength, in the order of the list.",
        (osc("reference", LAVA), osc("reference/strength", 0.3), osc("control", "depth"), osc("prompt", "")),
    ),
)
MIXES = (
    Recipe(
        "Control, inpainting and a reference",
        "Only the subject takes on the look of a picture; its depth is kept.",
        (osc("mask/source", "subject"), osc("control", "depth"), osc("reference", LAVA), osc("prompt", "")),
    ),
    Recipe(
        "Outpainting with a reference",
        "The input in a set that has the look of a picture.",
        (osc("canvas/x", 0.25), osc("canvas/y", 0.25), osc("canvas/w", 0.5), osc("canvas/h", 0.5))
        + (osc("reference", ICE), osc("control", "none"), osc("prompt", "")),
    ),
    Recipe(
        "Outpainting with a control of its own",
        "The input in the middle, and around it lines that come from elsewhere.",
        (osc("canvas/x", 0.25), osc("canvas/y", 0.25), osc("canvas/w", 0.5), osc("canvas/h", 0.5))
        + (osc("control/source", LINES), osc("control", "raw"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Outpainting and inpainting",
        "What is around the input is painted, and so is its right half.",
        (osc("canvas/x", 0.25), osc("canvas/y", 0.25), osc("canvas/w", 0.5), osc("canvas/h", 0.5))
        + (osc("mask/source", "right"), osc("control", "depth"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Control and extension",
        "The depth comes from the input, the beginning from a still.",
        (osc("first", OPENING), osc("control", "depth"), osc("prompt", FROZEN)),
    ),
    Recipe(
        "Extension and a reference",
        "From a still, in the look of another picture.",
        (osc("first", OPENING), osc("reference", LAVA), osc("control", "none"), osc("prompt", "")),
    ),
    Recipe(
        "Inpainting and extension",
        "The right half begins with a still.",
        (osc("mask/source", "right"), osc("first", OPENING), osc("control", "scribble"), osc("prompt", FROZEN)),
    ),
    Recipe(
        "Video to video with control",
        "The input is painted over only in part, so that its own colours stay.",
        (osc("noise", 0.7), osc("control", "depth"), osc("prompt", GOLD)),
    ),
    Recipe(
        "Shape first, then let go",
        "The context scale falls over the steps.",
        (osc("scale/steps", 1.0, 0.0), osc("control", "scribble"), osc("prompt", NEON)),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", action="store_true", help="write the page without making the pictures anew")
    parser.add_argument("--only", help="make the pictures alone whose names begin so")
    options = parser.parse_args()
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    if not options.text:
        draw(options.only or "")


def page() -> str:
    """docs/reference/controls-cookbook.md."""
    return f"""# Controls cookbook

Every mode and some mixes, each with the messages that ask for it and what the bundled model makes of them. Each picture
shows, from left to right: the input, the control (black where nothing is followed), the mask (white where the picture
is painted), and four frames of the output: the 1st, 9th, 21st and 45th. What each control does is in
[controls](controls.md), how modes combine in [modes](modes.md), and masks have [a page of their own](masks.md).

The bundled model is small and knows a drawn world. Look here for what is followed, kept and taken up, not for beauty.

Some messages name pictures: `{OPENING}`, `{GOAL}`, `{LAVA}` and `{ICE}`, in this order below. One names a video of
moving lines, `{LINES}`.

![The pictures that the messages name](cookbook/pictures.jpg)

`python start.py python docs/scripts/cookbook.py` makes this page and all its pictures again, from the bundled clip and
a drawn one.

## At a glance

Each row follows one thing of the input, each column is one prompt, and the last row keeps the left half. The first
sheet is of the bundled clip; the second is of a clip that was first looked at when the model was finished.
`python start.py python docs/scripts/contact_sheet.py CLIP SHEET.jpg` makes such a sheet of any clip.

![A real clip under three prompts and three controls, and with one half kept](../pictures/cup.jpg)
![The same of another clip](../pictures/box.jpg)

## Modes
{"".join(map(section, MODES))}
## Mixes
{"".join(map(section, MIXES))}"""


def section(recipe: Recipe) -> str:
    messages = [*recipe.messages, *([osc("anchor")] if recipe.anchored else [])]
    lines = "\n".join(" ".join([address, *(_typed(argument) for argument in given)]) for address, given in messages)
    picture = f"![{recipe.name}](cookbook/{recipe.picture}.jpg)"
    return f"\n### {recipe.name}\n\n{recipe.use}\n\n```\n{lines}\n```\n\n{picture}\n"


def _typed(argument: object) -> str:
    return f'"{argument}"' if isinstance(argument, str) and (" " in argument or not argument) else str(argument)


def values(recipe: Recipe) -> dict[str, object]:
    """The messages as values of controls."""
    several = ("reference", "reference/strength", "mask/ellipse", "scale/steps")
    return {
        address: given if address in [f"/vace/{name}" for name in several] else given[0]
        for address, given in recipe.messages
    }


def draw(begins: str) -> None:
    """All pictures. The model is loaded once, a stream is made for each recipe."""
    PICTURES.mkdir(exist_ok=True)
    preset = pipeline_named("pocket")
    size = (preset.height, preset.width)
    real = [cover(frame.pixels, *size) for frame in islice(Clip(CLIP).decode(), FRAMES)]
    drawn = person_clip(FRAMES)
    loaded = load(ModelOptions("pocket", "cpu"))
    stills(real)
    for recipe in (*MODES, *MIXES):
        if recipe.picture.startswith(begins):
            save(strip(loaded, recipe, drawn if recipe.person else real), recipe.picture)
            sys.stderr.write(f"{recipe.name}\n")


def strip(loaded: EngineModel, recipe: Recipe, clip: list[np.ndarray]) -> list[np.ndarray]:
    """Input, control and mask at the last frame, and the output at SHOWN."""
    maker = ChunkPipeline(loaded, *clip[0].shape[:2])
    settings, out, made = first_settings(values(recipe)), [], None
    lines = lines_of(clip)
    while len(out) < FRAMES:
        span = slice(len(out), len(out) + maker.frames_wanted)
        control_frames = lines[span] if settings.control_source else None
        anchor = recipe.anchored and len(out) == 33
        made = maker.make(clip[span], None, settings, control_frames=control_frames, anchor=anchor)
        for address, reason in made.faults:
            raise ValueError(f"{recipe.name}: {address}: {reason}")
        out += list(made.frames)
        maker.settle()
    assert made is not None
    control = np.zeros_like(clip[0]) if made.control is None else made.control[-1]
    mask = np.full_like(clip[0], 255) if made.mask is None else made.mask[-1]
    return [settings.canvas.place(clip[FRAMES - 1]), control, mask, *(out[number] for number in SHOWN)]


def stills(clip: list[np.ndarray]) -> None:
    """The pictures that messages name, and the clip of lines."""
    from bridge.video.file import FileSink
    from bridge.video.frames import Frame

    named = (
        ("opening", "ice", 3),
        ("goal", "neon", 7),
        ("lava", "lava", 9_100_001),
        ("ice", "ice", 9_100_000),
    )
    pictures = [painted(style, seed) for _, style, seed in named]
    for (name, _, _), picture in zip(named, pictures, strict=True):
        save([picture], name)
    save(pictures, "pictures")
    with FileSink(str(ROOT / LINES), clip[0].shape[1], clip[0].shape[0], 24.0) as sink:
        for number, lines in enumerate(lines_of(clip)):
            sink.send(Frame(lines, number, number / 24))


def painted(style: str, seed: int) -> np.ndarray:
    """A picture of a drawn scene in one of the bundled model's styles."""
    from vace_core.pocket.looks import complete
    from vace_core.pocket.painter import paint
    from vace_core.pocket.world import draw_clip

    depth = draw_clip(seed, 2).depth[1:]
    return paint(complete({"style": style}), np.repeat(depth[..., None], 3, axis=-1), "depth")[0]


def lines_of(clip: list[np.ndarray]) -> list[np.ndarray]:
    """Circles that open: white lines on black, as a host would render them."""
    height, width = clip[0].shape[:2]
    out = [np.zeros((height, width, 3), np.uint8) for _ in clip]
    for number, picture in enumerate(out):
        for radius in range(number % 24, width, 24):
            cv2.circle(picture, (width // 2, height // 2), radius, (255, 255, 255), 2, cv2.LINE_AA)
    return out


def person_clip(frames: int) -> list[np.ndarray]:
    """Drawn footage of a scene with somebody standing in it."""
    from vace_core.pocket.world import draw_clip

    return list(draw_clip(PERSON, frames).footage)


PERSON = 9_000_027
"""The seed of a scene with a person."""


def save(pictures: list[np.ndarray], name: str) -> None:
    framed = [cv2.copyMakeBorder(p, GAP, GAP, GAP, GAP, cv2.BORDER_CONSTANT, value=(20, 20, 24)) for p in pictures]
    whole = np.hstack(framed) if len(pictures) > 1 else pictures[0]
    cv2.imwrite(str(PICTURES / f"{name}.jpg"), whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
