"""The pictures of the page in the docs: a real show, in a real Chromium, at the size of a laptop, a tablet and a phone.

    python start.py python docs/scripts/page_pictures.py [--out FOLDER]

The bundled model restyles the bundled clip; what is seen was set by mouse and keys, as a person would.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from backend.cli.run_options import BUNDLED  # noqa: E402
from backend.front.build import open_front  # noqa: E402
from backend.front.options import RunOptions  # noqa: E402
from backend.steering.steering import SteeringOptions  # noqa: E402
from tests.browser import Browser, find_chromium  # noqa: E402

SIZES = {"page": (1440, 900), "page-tablet": (1024, 768), "page-phone": (390, 844)}
"""Name of the picture, and width and height of the window in CSS pixels."""
PHONE = "page-phone"
"""Two pixels of the picture to each of CSS, and fingers."""
MASK = "page-phone-mask"
STROKE = ((0.7, 0.46), (0.8, 0.44), (0.9, 0.41), (0.99, 0.38))
"""Where the finger goes, by shares of the input's picture."""
PATIENCE = 300.0
"""Seconds, on a machine that is busy."""
CHUNKS = 4
"""So many chunks are made before the picture is taken, so that its figures are those of a show that runs."""
PRESETS = ("opening", "drop", "breakdown", "finale")
SLOT = "#bank button:nth-child(3)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    options = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        raise SystemExit("there is no Chromium on this machine (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory() as folder:
        steering = SteeringOptions(presets=Path(folder) / "presets.json", name="page-pictures")
        show = RunOptions(source=BUNDLED, panel=("127.0.0.1", 0), steering=steering)
        with open_front(show) as front, Browser(executable, Path(folder) / "profile") as page:
            assert front.panel_url is not None
            page.patience = PATIENCE
            page.resize(1440, 900)
            page.open(front.panel_url)
            wait_for_chunks(front.supervisor, 1)
            set_the_stage(page)
            wait_for_chunks(front.supervisor, CHUNKS)
            for name, (width, height) in SIZES.items():
                page.resize(width, height, phone=name == PHONE)
                picture(page, options.out / f"{name}.png")
            draw_a_mask(page)
            picture(page, options.out / f"{MASK}.png")


def set_the_stage(page: Browser) -> None:
    """A look, presets and favourites."""
    for name in PRESETS:
        page.click("#presets .save")
        page.type("#presets input", name)
        page.wait(f"[...document.querySelectorAll('#presets .preset')].some(each => each.textContent === '{name}')")
    page.click(SLOT)
    page.click("#play [value=scribble]")
    for address in ("/vace/mask/feather", "/vace/prompt/fade"):
        page.run(f"document.querySelector('[data-star=\"{address}\"]').click()")


def wait_for_chunks(supervisor, count: int) -> None:
    wanted = supervisor.chunks + count
    while supervisor.chunks < wanted:
        time.sleep(0.1)


def draw_a_mask(page: Browser) -> None:
    page.tap(".draw")
    left, top, width, height = page.box(".drawing canvas")
    page.stroke([(left + x * width, top + y * height) for x, y in STROKE])


def picture(page: Browser, path: Path) -> None:
    page.wait("document.getElementById('state').textContent === 'running'")
    page.run("scrollTo(0, 0)")
    page.command("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    time.sleep(1.0)
    page.screenshot(path)
    print(path)  # noqa: T201


if __name__ == "__main__":
    main()
