"""The pictures of the page in the docs: a real show, in a real Chromium, at the size of a laptop, a tablet and a phone.

    python start.py python docs/scripts/page_pictures.py [--out FOLDER] [--only WIDTH]

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

SIZES = {1440: 900, 1024: 768, 390: 844}
"""Width and height of the window, in CSS pixels."""
PHONE = 760
"""Narrower windows are phones: two pixels of the picture to each of CSS, and fingers."""
CHUNKS = 4
"""So many chunks are made before the picture is taken, so that its figures are those of a show that runs."""
PRESETS = ("opening", "drop", "breakdown", "finale")
SLOT = "#bank button:nth-child(1)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--only", type=int, choices=SIZES, help="one of the sizes")
    options = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        raise SystemExit("there is no Chromium on this machine (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory() as folder:
        steering = SteeringOptions(presets=Path(folder) / "presets.json", name="page-pictures")
        show = RunOptions(source=BUNDLED, panel=("127.0.0.1", 0), steering=steering)
        with open_front(show) as front, Browser(executable, Path(folder) / "profile") as page:
            assert front.panel_url is not None
            page.patience = 120.0
            page.resize(1440, 900)
            page.open(front.panel_url)
            page.wait("document.getElementById('state').textContent === 'running'")
            set_the_stage(page)
            wait_for_chunks(front.supervisor, CHUNKS)
            for width in [options.only] if options.only else SIZES:
                picture(page, width, options.out / f"page-{width}.png")


def set_the_stage(page: Browser) -> None:
    """A look, presets and favourites."""
    for name in PRESETS:
        page.click("#presets .save")
        page.type("#presets input", name)
        page.wait(f"[...document.querySelectorAll('#presets .preset')].some(each => each.textContent === '{name}')")
    page.click(SLOT)
    for address in ("/vace/mask/feather", "/vace/prompt/fade"):
        page.run(f"document.querySelector('[data-star=\"{address}\"]').click()")


def wait_for_chunks(supervisor, count: int) -> None:
    wanted = supervisor.chunks + count
    while supervisor.chunks < wanted:
        time.sleep(0.1)


def picture(page: Browser, width: int, path: Path) -> None:
    page.resize(width, SIZES[width], phone=width < PHONE)
    page.run("scrollTo(0, 0)")
    page.command("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    time.sleep(1.0)
    page.screenshot(path)
    print(path)  # noqa: T201


if __name__ == "__main__":
    main()
