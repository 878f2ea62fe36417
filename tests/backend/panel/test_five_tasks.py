"""A stranger's five tasks at the size of a phone, with a finger, before a real show: no more than three actions each.

An action is a tap, a stroke, a scroll, a choice in the system's own window, or a typed text.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.controls.show import BANK
from backend.front.build import open_front
from backend.front.front import Front
from backend.front.options import RunOptions
from backend.imaging.stills import read_still
from backend.steering.steering import SteeringOptions
from tests.browser import Browser, wait_for

pytestmark = pytest.mark.usefixtures("prepared_engines")

MOST = 3
PHONE = (390, 844)


class Finger:
    """A hand on a phone that counts what it does, and can touch only what is in sight."""

    def __init__(self, page: Browser) -> None:
        self.page, self.actions = page, 0

    def tap(self, selector: str) -> None:
        self.actions += 1
        self.page.tap(selector)

    def stroke(self, selector: str, *shares: tuple[float, float]) -> None:
        """Over an element, by shares of its width and height."""
        self.actions += 1
        left, top, width, height = self.page.box(selector)
        self.page.stroke([(left + x * width, top + y * height) for x, y in shares])

    def choose(self, selector: str, path: Path) -> None:
        """After a tap that has opened the system's window."""
        self.actions += 1
        self.page.choose_files(selector, path)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    options = RunOptions(
        source="testcard:",
        sinks=("null:",),
        height=32,
        width=48,
        fps=30.0,
        panel=("127.0.0.1", 0),
        steering=SteeringOptions(presets=tmp_path_factory.mktemp("kept") / "presets.json"),
        load="tests.backend.fake_model:load",
    )
    with open_front(options) as front:
        wait_for(lambda: front.supervisor.chunks > 0, "the first chunk", 120.0)
        yield front


@pytest.fixture
def finger(front: Front, chromium: Browser) -> Iterator[Finger]:
    chromium.resize(*PHONE, phone=True)
    assert front.panel_url
    chromium.open(front.panel_url)
    chromium.wait("document.getElementById('state').textContent === 'running'")
    chromium.wait("document.querySelector('#preview-output') && document.querySelector('#preview-input')")
    chromium.wait("document.querySelectorAll('#bank button').length === 8")
    finger = Finger(chromium)
    yield finger
    assert 0 < finger.actions <= MOST
    chromium.open("about:blank")


def test_change_the_look_by_a_button_of_the_bank_without_scrolling(front: Front, finger: Finger):
    finger.tap("#bank button:nth-child(6)")
    wait_for(lambda: front.mailbox.get("/vace/prompt") == BANK[5], "the look")
    assert finger.actions == 1


def test_keep_a_person_by_a_drawn_mask(front: Front, finger: Finger):
    finger.tap(".draw")
    finger.page.wait("document.querySelector('.drawing canvas')")
    finger.stroke(".drawing canvas", (0.4, 0.2), (0.5, 0.4), (0.5, 0.6))
    wait_for(lambda: str(front.mailbox.get("/vace/mask/source")).endswith(".png"), "the mask")
    wait_for(lambda: "mask" in front.previews(), "the mask in the show")
    mask = read_still(str(front.mailbox.get("/vace/mask/source")))
    assert mask.min() == 0, "where the person is, nothing is restyled"
    assert mask.max() == 255
    assert finger.actions == 2


def test_upload_a_reference(front: Front, finger: Finger, tmp_path: Path):
    picture = tmp_path / "look.jpg"
    cv2.imwrite(str(picture), np.full((480, 640, 3), (40, 120, 200), np.uint8))
    finger.tap('[data-use="/vace/reference/add"]')
    finger.choose('[data-use="/vace/reference/add"] input', picture)
    wait_for(lambda: len(front.settings().reference) == 1, "the reference, once it was read in a process apart")
    finger.page.wait("document.querySelector('#references img')?.naturalWidth > 0")
    front.mailbox.set("/vace/reference/clear", True)


def test_save_and_recall_a_preset(front: Front, finger: Finger):
    front.mailbox.set("/vace/scale", 0.5)
    finger.tap("#presets .save")
    finger.tap("#presets .save")
    finger.page.wait("document.querySelector('#presets .preset')")
    front.mailbox.set("/vace/scale", 1.5)
    finger.tap("#presets .preset")
    wait_for(lambda: front.mailbox.get("/vace/scale") == 0.5, "the preset")


def test_find_and_undo_an_error(front: Front, finger: Finger):
    page, kept = finger.page, front.mailbox.get("/vace/mask/source")
    page.run("document.querySelector('[data-address=\"/vace/mask/source\"] [value=alpha]').click()")
    page.wait("document.querySelector('.toast')?.textContent.includes('no alpha')")
    finger.tap(".toast button")
    wait_for(lambda: front.mailbox.get("/vace/mask/source") == kept, "the mask before")
    assert finger.actions == 1


def test_what_the_engine_refuses_is_undone_before_anybody_has_to(front: Front, finger: Finger):
    page, kept = finger.page, front.mailbox.get("/vace/mask/source")
    finger.tap("#bank button:nth-child(2)")  # whoever plays on
    page.run("document.querySelector('[data-address=\"/vace/mask/source\"] [value=person]').click()")
    page.wait("document.querySelector('.toast')?.textContent.includes('stays as it was')")
    wait_for(lambda: front.mailbox.get("/vace/mask/source") == kept, "the mask before")
    page.wait("!document.querySelector('[data-address=\"/vace/mask/source\"] [value=person]').checked")
    offered = page.run("[...document.querySelectorAll('.toast button')].map(each => each.textContent)")
    assert offered == ["Show", "Close"]


def test_a_phone_may_name_what_was_sent_to_the_page_and_no_other_file(front: Front, finger: Finger, tmp_path: Path):
    picture = tmp_path / "look.png"
    cv2.imwrite(str(picture), np.full((48, 64, 3), (40, 120, 200), np.uint8))
    finger.tap('[data-use="/vace/reference/add"]')
    finger.choose('[data-use="/vace/reference/add"] input', picture)
    wait_for(lambda: len(front.settings().reference) == 1, "the reference")
    (sent,) = front.settings().reference
    assert front.mailbox.set("/vace/first", sent, here=False) is None
    assert "may name no other" in str(front.mailbox.set("/vace/first", str(picture), here=False))
    front.mailbox.set("/vace/reference/clear", True)


def test_the_stages_of_the_latency_add_up_to_it(front: Front):
    wait_for(lambda: front.status().latency_ms > 0, "a restyled frame", 120.0)
    status = front.status()
    assert status.gather_ms >= 366, "the first of twelve frames waits for eleven more, of thirty a second"
    assert status.generate_ms > 0
    stages = status.gather_ms + status.generate_ms + status.wait_ms + status.tick_ms
    assert abs(stages - status.latency_ms) <= 2 or status.wait_ms == 0
    parts = status.annotate_ms + status.encode_ms + status.denoise_ms + status.decode_ms
    assert 0 < parts <= status.generate_ms + 2
