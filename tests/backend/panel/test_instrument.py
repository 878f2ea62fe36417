"""The page as an instrument: what is played by mouse, keys and finger, in a real Chromium."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from backend.controls.show import BANK
from backend.imaging.stills import read_still
from tests.backend.panel.page_show import MadeUpShow, made_up_show
from tests.browser import Browser, find_chromium, wait_for

SHIFT = 8
DOCS = Path(__file__).parents[3] / "docs" / "reference" / "page.md"


@pytest.fixture
def show(tmp_path: Path) -> Iterator[MadeUpShow]:
    with made_up_show(tmp_path) as show:
        yield show


@pytest.fixture
def page(show: MadeUpShow, chromium: Browser) -> Iterator[Browser]:
    chromium.resize(1440, 900)
    chromium.open(show.panel.url)
    chromium.run("localStorage.clear()")
    chromium.open(show.panel.url)
    chromium.wait("document.querySelectorAll('#bank button').length === 8 && document.querySelector('#preview-output')")
    yield chromium
    chromium.open("about:blank")


def control(address: str, part: str = "") -> str:
    return f'[data-address="{address}"] {part}'.strip()


def test_the_bank_shows_its_texts_and_lights_the_one_that_is_played(show: MadeUpShow, page: Browser):
    page.click("#bank button:nth-child(3)")
    wait_for(lambda: show.mailbox.get("/vace/prompt") == BANK[2], "the prompt of slot 3")
    page.wait("document.querySelector('#bank [aria-pressed=true]').textContent === '3' + " + repr(BANK[2]))
    show.mailbox.set("/vace/prompt/bank/3", "a cave of ice")
    page.wait("document.querySelector('#bank button:nth-child(3) span').textContent === 'a cave of ice'")


def test_presets_are_saved_under_the_number_that_is_offered_or_a_name_and_gone_to(show: MadeUpShow, page: Browser):
    show.mailbox.set("/vace/scale", 0.5)
    page.click("#presets .save")
    page.click("#presets .save")
    page.wait("document.querySelector('#presets .preset')?.textContent === '1'")
    page.click("#presets .save")
    page.type("#presets input", "blue hour")
    page.wait("document.querySelectorAll('#presets .preset').length === 2")
    show.mailbox.set("/vace/scale", 1.5)
    page.click("#presets .preset")
    wait_for(lambda: show.mailbox.get("/vace/scale") == 0.5, "the preset")
    show.mailbox.set("/vace/cue/save", ["1", "blue hour"])
    page.wait("document.querySelector('#presets .cue')?.textContent === '1'")


def test_keys_play_what_the_page_lists(show: MadeUpShow, page: Browser):
    switches = {"b": "/vace/blackout", "f": "/vace/freeze", "p": "/vace/bypass"}
    for on in (True, False):
        for key, address in switches.items():
            page.press(key, f"Key{key.upper()}")
            page.wait(f"document.querySelector('{control(address)}').ariaPressed === '{str(on).lower()}'")
            assert show.mailbox.get(address) is on
    page.press("5", "Digit5")
    wait_for(lambda: show.mailbox.get("/vace/prompt") == BANK[4], "slot 5")
    page.press("ArrowDown")
    wait_for(lambda: show.mailbox.get("/vace/scale") == 0.95, "less scale")
    page.press("ArrowLeft")
    wait_for(lambda: show.mailbox.get("/vace/noise") == 0.95, "less noise")
    taps: list[object] = []
    show.mailbox.listen("/vace/tempo/tap", lambda *tap: taps.append(tap))
    page.press(" ", "Space")
    wait_for(lambda: len(taps) == 1, "the tap")
    show.mailbox.set("/vace/preset/save", "one")
    show.mailbox.set("/vace/scale", 0.2)
    page.wait("document.querySelector('#presets .preset')")
    page.press("!", "Digit1", SHIFT)
    wait_for(lambda: show.mailbox.get("/vace/scale") == 0.95, "the first preset")
    listed = page.run("[...document.querySelectorAll('#keys dt')].map(each => each.textContent)")
    assert isinstance(listed, list)
    documented = DOCS.read_text(encoding="utf-8").partition("## Keys")[2]
    assert not [key for key in listed if key.lower() not in documented.partition("## ")[0].lower()]


def test_what_is_typed_is_no_key(show: MadeUpShow, page: Browser):
    page.run("document.querySelector('#prompt textarea').focus()")
    page.press("b", "KeyB")
    page.wait("document.querySelector('#prompt textarea').value.includes('b')")
    assert show.mailbox.get("/vace/blackout") is False
    page.press("Escape")
    page.wait("document.activeElement === document.body")


def test_the_output_fills_the_screen_by_a_key_and_leaves_it(page: Browser):
    page.press("o", "KeyO")
    page.wait("document.fullscreenElement?.id === 'stage' || document.body.classList.contains('filled')")
    page.press("o", "KeyO")
    page.wait("!document.fullscreenElement && !document.body.classList.contains('filled')")


def test_a_double_click_goes_back_to_the_default(show: MadeUpShow, page: Browser):
    show.mailbox.set("/vace/scale", 1.7)
    page.wait(f"document.querySelector('{control('/vace/scale', 'input')}').value === '1.7'")
    left, top, width, height = page.box(control("/vace/scale", ".name"))
    x, y = left + width / 2, top + height / 2
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            page.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=count)
    wait_for(lambda: show.mailbox.get("/vace/scale") == 1.0, "the default")


def test_groups_fold_a_search_finds_and_favourites_stay(show: MadeUpShow, page: Browser):
    assert page.run("document.querySelectorAll('#groups details[open]').length") == 1, "the empty favourites"
    page.type("#search", "feather", key="")
    visible = "[...document.querySelectorAll('#groups .control')].filter(each => each.checkVisibility())"
    page.wait(f"{visible}.length === 1 && {visible}[0].dataset.address === '/vace/mask/feather'")
    page.click('[data-star="/vace/mask/feather"]')
    page.type("#search", " ", key="")
    page.run("(() => { const s = document.querySelector('#search'); s.value = ''; s.oninput(); })()")
    page.wait(f"{visible}.length === 1 && {visible}[0].closest('details').dataset.group === 'Favourites'")
    page.click("[data-group=Tempo] summary")
    page.wait("localStorage.getItem('open groups').includes('Tempo')")
    page.open(show.panel.url)
    page.wait("document.querySelector('[data-group=Favourites] .control')")
    assert page.run("document.querySelector('[data-group=Tempo]').open") is True


def test_a_box_is_moved_and_sized_on_its_pad(show: MadeUpShow, page: Browser):
    page.run("document.querySelector('[data-group=Mask]').open = true")
    pad = control("/vace/mask/rect", ".box")
    page.run(f"document.querySelector('{pad}').scrollIntoView({{block: 'center'}})")
    x, y, width, height = page.box(pad)
    drag(page, (x + width / 2, y + height / 2), (x + width, y + height / 2))
    wait_for(lambda: near(show.mailbox.get("/vace/mask/rect"), (0.5, 0.25, 0.5, 0.5)), "the moved rectangle")
    x, y, width, height = page.box(pad)
    drag(page, (x + width, y + height), (x + width / 2, y + height / 2))
    wait_for(lambda: near(show.mailbox.get("/vace/mask/rect"), (0.5, 0.25, 0.25, 0.25)), "the smaller rectangle")
    page.run(f"document.querySelector('{pad}').focus()")
    page.press("ArrowLeft")
    wait_for(lambda: near(show.mailbox.get("/vace/mask/rect"), (0.49, 0.25, 0.25, 0.25)), "a step to the left")
    assert show.mailbox.get("/vace/noise") == 1.0, "the arrow was not a key of the page as well"


def test_the_canvas_is_one_box_of_four_controls(show: MadeUpShow, page: Browser):
    for part, value in (("x", 0.25), ("y", 0.25), ("w", 0.5), ("h", 0.5)):
        show.mailbox.set(f"/vace/canvas/{part}", value)
    page.run("document.querySelector('[data-group=Canvas]').open = true")
    page.wait("document.querySelector('[data-group=Canvas] .box').style.width === '50%'")
    x, y, width, height = page.box("[data-group=Canvas] .box")
    drag(page, (x + width / 2, y + height / 2), (x + width / 2, y))
    wait_for(lambda: near([show.mailbox.get(f"/vace/canvas/{part}") for part in "xywh"], (0.25, 0, 0.5, 0.5)), "moved")


def test_a_key_colour_is_chosen_or_taken_from_the_picture(show: MadeUpShow, page: Browser):
    page.run("document.querySelector('[data-group=Mask]').open = true")
    page.wait("document.querySelector('#preview-input canvas').width === 96")
    page.click(control("/vace/mask/key", ".row button"))
    page.wait("document.querySelector('#stage .picking')")
    page.run("document.addEventListener('fullscreenchange', () => (document.body.dataset.filled = 'once'))")
    x, y, width, height = page.box("#preview-input")
    drag(page, (x + 0.75 * width, y + 0.5 * height))
    wait_for(lambda: near(show.mailbox.get("/vace/mask/key"), (0.0, 0.0, 1.0), 0.06), "the blue of the input")
    page.wait("document.querySelector('#stage #preview-output')")
    assert not page.run("document.body.dataset.filled"), "the touch that takes a colour is not one that enlarges"


def test_a_picture_is_chosen_pasted_or_dropped(show: MadeUpShow, page: Browser, tmp_path: Path):
    picture = tmp_path / "My look.png"
    cv2.imwrite(str(picture), np.full((40, 60, 3), (40, 120, 200), np.uint8))
    page.choose_files('[data-use="/vace/reference/add"] input', picture)
    wait_for(lambda: len(show.mailbox.get("/vace/reference")) == 1, "the reference")  # type: ignore[arg-type]
    (path,) = show.mailbox.get("/vace/reference")  # type: ignore[misc]
    assert read_still(str(path)).shape == (40, 60, 3)
    page.wait("document.querySelector('#references img')?.naturalWidth === 60")
    page.run(
        "(async () => { const blob = await (await fetch(document.querySelector('#references img').src)).blob();"
        " const transfer = new DataTransfer(); transfer.items.add(new File([blob], 'b.png', { type: 'image/png' }));"
        " document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true })); })()"
    )
    page.wait("document.querySelector('#use-as').open")
    page.click("#use-as button:nth-of-type(4)")
    wait_for(lambda: str(show.mailbox.get("/vace/mask/source")).endswith(".png"), "the mask")
    shown = "document.querySelector('#play .choice:last-child .chip:last-child input').checked"
    page.wait(shown)  # which moves what is below it
    page.click("#references button")
    wait_for(lambda: show.mailbox.get("/vace/reference") == (), "the reference taken out")


def test_what_is_no_picture_is_said(show: MadeUpShow, page: Browser, tmp_path: Path):
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    page.choose_files('[data-use="/vace/first"] input', text)
    page.wait("document.querySelector('.toast')?.textContent.includes('notes.txt is no picture')")


@pytest.mark.parametrize("inverted", [False, True])
def test_what_is_drawn_is_kept_and_the_rest_is_restyled(show: MadeUpShow, page: Browser, inverted: bool):
    show.mailbox.set("/vace/mask/invert", inverted)
    page.click(".draw")
    page.wait("document.querySelector('.drawing canvas')")
    x, y, width, height = page.box("#preview-input")
    drag(page, *[(x + 0.25 * width, y + share * height) for share in (0.2, 0.4, 0.6)])
    wait_for(lambda: str(show.mailbox.get("/vace/mask/source")).endswith(".png"), "the mask")
    mask = read_still(str(show.mailbox.get("/vace/mask/source")))[..., 0]
    kept, restyled = (255, 0) if inverted else (0, 255)
    rows, columns = mask.shape
    assert mask[int(0.4 * rows), int(0.25 * columns)] == kept
    assert mask[int(0.4 * rows), int(0.75 * columns)] == restyled
    page.click(".tools [aria-label='take back all']")
    wait_for(lambda: show.mailbox.get("/vace/mask/source") == "none", "nothing drawn, no mask")
    page.press("Escape")
    page.wait("!document.querySelector('.drawing') && document.querySelector('#stage #preview-output')")


def test_an_error_is_said_with_its_control_and_undone(show: MadeUpShow, page: Browser):
    show.mailbox.set("/vace/mask/source", "left")
    page.wait("document.querySelector('#play [value=left]').checked")
    show.mailbox.set("/vace/mask/source", "alpha")
    page.wait("document.querySelector('#play [value=alpha]').checked")
    show.faults.add("the input's frames have no alpha; the last mask is held", "/vace/mask/source")
    page.wait("document.querySelector('.toast b')?.textContent === 'mask source'")
    page.wait("document.getElementById('faults').textContent === '1 error'")
    page.click(".toast button")
    wait_for(lambda: show.mailbox.get("/vace/mask/source") == "left", "what was before")
    page.wait("!document.querySelector('.toast')")
    page.click("#faults")
    page.wait("document.querySelector('#events').open")
    page.wait("document.querySelector('#events li').textContent.includes('alpha')")


def test_what_was_wrong_before_the_page_opened_is_listed_and_not_shouted(show: MadeUpShow, page: Browser):
    show.faults.add("the disk is full", "/vace/record")
    page.open(show.panel.url)
    page.wait("document.getElementById('faults').textContent === '1 error'")
    page.wait("document.querySelector('#events li')")
    assert page.run("document.querySelectorAll('.toast').length") == 0


def test_the_input_says_how_large_it_comes_and_how_much_is_cut_off(show: MadeUpShow, page: Browser):
    show.status |= {"source_size": "1080x1920", "source_cut": 62.5}
    page.wait("document.querySelector('#preview-input figcaption').textContent === 'input 1080x1920, 63 % cut off'")
    show.status |= {"source_size": "1920x1080", "source_cut": 15.6}
    page.wait("document.querySelector('#preview-input figcaption').textContent === 'input 1920x1080'")


def test_a_stalled_show_says_so_and_what_is_wrong(show: MadeUpShow, page: Browser):
    show.status |= {"state": "stalled", "engine_fps": 0.0}
    page.wait("document.getElementById('state').textContent === 'stalled'")
    page.wait("!document.getElementById('trouble').hidden")
    assert "stalled" in str(page.run("document.getElementById('trouble').textContent"))
    show.status |= {"state": "running", "engine_fps": 24.0}
    page.wait("document.getElementById('trouble').hidden")


def test_the_latency_is_told_by_stage(page: Browser):
    page.wait("document.querySelectorAll('#latency span').length === 4")
    assert page.run("[...document.querySelectorAll('#latency i')].map(each => each.textContent)") == [
        "500 ms",
        "300 ms",
        "80 ms",
        "20 ms",
    ]


def test_two_pages_agree(show: MadeUpShow, page: Browser, tmp_path_factory: pytest.TempPathFactory):
    executable = find_chromium()
    assert executable
    with Browser(executable, tmp_path_factory.mktemp("other")) as other:
        other.open(show.panel.url)
        other.wait("document.querySelectorAll('#bank button').length === 8")
        page.click("#panic button:nth-child(2)")
        other.wait("document.querySelector('#panic button:nth-child(2)').ariaPressed === 'true'")
        other.click("#bank button:nth-child(6)")
        page.wait(f"document.querySelector('#prompt textarea').value === {BANK[5]!r}")
        other.click("#presets .save")
        other.click("#presets .save")
        page.wait("document.querySelector('#presets .preset')?.textContent === '1'")


def test_focus_and_half_typed_words_outlive_a_restart_of_the_program(show: MadeUpShow, page: Browser):
    page.type("#prompt textarea", "half a thou", key="")
    port = urlsplit(show.panel.url).port or 0
    show.panel.stop()
    page.wait("document.body.classList.contains('lost') && !document.getElementById('trouble').hidden")
    show.mailbox.set("/vace/prompt", "set meanwhile")
    with ExitStack() as opened:
        opened.enter_context(show.make_panel(port))
        page.wait("!document.body.classList.contains('lost')")
        page.wait("document.getElementById('trouble').hidden")
        assert page.run("document.querySelector('#prompt textarea').value") == "half a thou"
        assert page.run("document.activeElement === document.querySelector('#prompt textarea')") is True


def drag(page: Browser, *points: tuple[float, float]) -> None:
    """With the mouse, down at the first point and up at the last."""
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1)]
    for kind, (x, y) in zip(kinds, points, strict=True):
        page.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    x, y = points[-1]
    page.command("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1)


def near(numbers: object, wanted: tuple[float, ...], within: float = 0.02) -> bool:
    return np.allclose(np.asarray(numbers, float), wanted, atol=within)
