"""Pictures of the generated surfaces, drawn from their files: the pages that a show is played from.

    python start.py python docs/scripts/surface_pictures.py [FOLDER]

Writes touchosc.png, touchosc-phone.png and open-stage-control.png into docs/pictures, or the folder given. Neither
program draws here: places, sizes, colours and texts are the files', the look of a fader or a pad is ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import py2tosc
from PIL import Image

from bridge.layouts.files import OPEN_STAGE_CONTROL, TOUCHOSC, TOUCHOSC_PHONE
from docs.scripts.draw_open_stage_control import draw_tab
from docs.scripts.draw_touchosc import draw_page

ROOT = Path(__file__).resolve().parents[2]
GAP = 12
RUNNING = {"state": "running  24 fps"}
"""What the labels that a script fills show while a show runs."""


def main() -> None:
    """Draw all three, and say where they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    layouts = ROOT / "docs" / "layouts"
    tablet, phone = (py2tosc.load(layouts / name).root for name in (TOUCHOSC, TOUCHOSC_PHONE))
    session = json.loads((layouts / OPEN_STAGE_CONTROL).read_text(encoding="utf-8"))
    pictures = {
        "touchosc": draw_page(tablet, 0, RUNNING),
        "touchosc-phone": beside([draw_page(phone, page, RUNNING) for page in range(2)]),
        "open-stage-control": draw_tab(session, 0, RUNNING),
    }
    for name, picture in pictures.items():
        path = folder / f"{name}.png"
        picture.quantize(128).save(path, optimize=True)
        sys.stdout.write(f"{path}\n")


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one height in a row."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    row = Image.new("RGB", (width, pictures[0].height), "white")
    left = 0
    for picture in pictures:
        row.paste(picture, (left, 0))
        left += picture.width + GAP
    return row


if __name__ == "__main__":
    main()
