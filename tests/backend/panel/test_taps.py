"""No button of the page loses a press, whatever happens to the page between down and up; and none counts twice."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.backend.panel.page_show import MadeUpShow, made_up_show
from tests.browser import Browser, wait_for

PHONE = (390, 844)
LONG_PRESS_SECONDS = 0.9
"""After half a second or so a browser takes it for a long press, which is no click to it."""
PRESET, BLACKOUT, FREEZE = "#presets .preset", "#panic button:nth-child(1)", "#panic button:nth-child(2)"


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeUpShow]:
    with made_up_show(tmp_path_factory.mktemp("pictures")) as show:
        yield show


@pytest.fixture
def page(show: MadeUpShow, chromium: Browser) -> Iterator[Browser]:
    chromium.resize(*PHONE, phone=True)
    chromium.open(show.panel.url)
    chromium.wait("document.querySelector('#preview-output') && document.querySelector('#preview-input')")
    chromium.wait("document.querySelectorAll('#panic button').length === 4")
    yield chromium
    chromium.open("about:blank")


@pytest.fixture
def presses(page: Browser, show: MadeUpShow) -> list[object]:
    """What blackout was set to from now on."""
    heard: list[object] = []
    show.mailbox.set("/vace/blackout", False)
    show.mailbox.listen("/vace/blackout", lambda value, _: heard.append(value))
    page.wait("document.querySelector('#panic [aria-pressed=false]')")
    return heard


def rest(page: Browser) -> None:
    """Until what was sent before is done, so that a second press would be seen."""
    page.run("new Promise((done) => setTimeout(done, 300))")


@pytest.mark.parametrize("seconds", [0.0, LONG_PRESS_SECONDS])
def test_a_press_with_a_finger_counts_once_however_long_it_is(page: Browser, presses: list[object], seconds: float):
    page.finger_down(BLACKOUT)
    time.sleep(seconds)
    page.finger_up()
    wait_for(lambda: bool(presses), "blackout")
    rest(page)
    assert presses == [True]


def test_a_click_of_the_mouse_and_a_key_count_once_each(page: Browser, presses: list[object]):
    page.resize(1440, 900)
    page.click(BLACKOUT)
    wait_for(lambda: bool(presses), "blackout")
    page.wait("document.querySelector('#panic [aria-pressed=true]')")
    page.run(f"document.querySelector('{BLACKOUT}').focus()")
    page.command(
        "Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
    )
    page.command("Input.dispatchKeyEvent", type="keyUp", key="Enter", code="Enter", windowsVirtualKeyCode=13)
    wait_for(lambda: len(presses) == 2, "no blackout")
    rest(page)
    assert presses == [True, False]


def test_two_fingers_press_two_buttons(page: Browser, show: MadeUpShow, presses: list[object]):
    show.mailbox.set("/vace/freeze", False)
    page.finger_down(BLACKOUT, FREEZE)
    page.finger_up()
    wait_for(lambda: bool(show.mailbox.get("/vace/freeze") and presses), "both")
    rest(page)
    assert presses == [True]
    show.mailbox.set("/vace/freeze", False)


@pytest.mark.parametrize("by", ["finger", "mouse"])
def test_a_button_that_is_drawn_anew_meanwhile_is_pressed(page: Browser, show: MadeUpShow, by: str):
    page.resize(*PHONE, phone=by == "finger")
    show.mailbox.set("/vace/preset/save", "one")
    page.wait(f"document.querySelector('{PRESET}')")
    show.mailbox.set("/vace/scale", 1.75)
    wanted = float(show.steering.presets.entries()["one"]["/vace/scale"]) if show.steering.presets else 0.0
    page.finger_down(PRESET) if by == "finger" else page.mouse("mousePressed", PRESET)
    page.run(f"document.querySelector('{PRESET}').dataset.old = 'yes'")
    show.mailbox.set("/vace/preset/save", f"another by {by}")
    page.wait(f"document.querySelector('{PRESET}') && !document.querySelector('{PRESET}').dataset.old")
    page.finger_up() if by == "finger" else page.mouse("mouseReleased", PRESET)
    wait_for(lambda: show.mailbox.get("/vace/scale") == wanted, "the preset")


def test_a_button_that_moves_meanwhile_is_pressed_and_not_what_comes_under_the_finger(page: Browser, show: MadeUpShow):
    show.mailbox.set("/vace/prompt", "as it was")
    page.finger_down("#bank button:nth-child(2)")
    page.run("document.getElementById('bank').style.marginTop = '108px'")  # two rows of buttons
    page.finger_up()
    second = show.mailbox.get("/vace/prompt/bank/2")
    wait_for(lambda: show.mailbox.get("/vace/prompt") != "as it was", "a press")
    rest(page)
    assert show.mailbox.get("/vace/prompt") == second


def test_a_finger_that_slides_off_or_scrolls_presses_nothing(page: Browser, presses: list[object]):
    left, top, width, height = page.box(BLACKOUT)
    for points in ([(0, -3 * height), (0, -4 * height)], [(0, -0.3 * height), (0, -3 * height), (0, 0)]):
        page.stroke([(left + width / 2 + x, top + height / 2 + y) for x, y in [(0, 0), *points]])
        rest(page)
    left, top, width, height = page.box(".uses .draw")
    page.stroke([(left + width / 2, top + height / 2 - step) for step in range(0, 160, 20)])
    rest(page)
    assert not presses
    assert not page.run("document.querySelector('.drawing')")


def test_done_ends_the_drawing_of_a_mask_also_by_a_slow_finger_while_the_page_moves(page: Browser):
    page.tap(".draw")
    page.wait("document.querySelector('.drawing canvas')")
    left, top, width, height = page.box(".drawing canvas")
    page.stroke([(left + width * x, top + height * 0.5) for x in (0.3, 0.5, 0.6)])
    page.finger_down(".tools .done")
    page.run("document.querySelector('.tools').style.marginTop = '60px'")
    time.sleep(LONG_PRESS_SECONDS)
    page.finger_up()
    page.wait("!document.querySelector('.drawing, .tools')")


def test_a_stroke_that_ends_beside_the_picture_leaves_the_tools_as_they_are(page: Browser, show: MadeUpShow):
    show.mailbox.set("/vace/mask/source", "none")
    page.tap(".draw")
    page.wait("document.querySelector('.drawing canvas')")
    left, top, width, height = page.box(".drawing canvas")
    x, y, w, h = page.box(".tools .done")
    page.stroke([(left + width / 2, top + height / 2), (x + w / 2, y + h / 2)])
    wait_for(lambda: str(show.mailbox.get("/vace/mask/source")).endswith(".png"), "the mask")
    assert page.run("Boolean(document.querySelector('.drawing'))")
    page.tap(".tools .done")
    page.wait("!document.querySelector('.drawing')")


def test_another_picture_on_the_stage_ends_the_drawing(page: Browser):
    page.tap(".draw")
    page.wait("document.querySelector('.drawing canvas')")
    page.run("document.querySelector('#strip .enlarge').click()")
    page.wait("!document.querySelector('.drawing, .tools')")
    assert page.run("document.querySelector('#stage figure').id") == "preview-output"


def test_a_chip_takes_a_long_press_and_is_set_once(page: Browser, show: MadeUpShow):
    heard: list[object] = []
    show.mailbox.set("/vace/control", "none")
    show.mailbox.listen("/vace/control", lambda value, _: heard.append(value))
    page.wait("document.querySelector('#faders .chip input[value=none]').checked")
    page.run("document.querySelector('#faders .chip:nth-child(2)').scrollIntoView({ block: 'center' })")
    page.finger_down("#faders .chip:nth-child(2)")
    time.sleep(LONG_PRESS_SECONDS)
    page.finger_up()
    wait_for(lambda: bool(heard), "the control")
    rest(page)
    assert len(heard) == 1


def test_the_reference_whose_cross_was_pressed_goes_also_if_another_has_left_the_list_meanwhile(
    page: Browser, show: MadeUpShow
):
    show.mailbox.set("/vace/reference", ["a.png", "b.png", "c.png"])
    page.wait("document.querySelectorAll('#references button').length === 3")
    page.run("document.querySelector('#references').scrollIntoView({ block: 'center' })")
    page.finger_down("#references figure:nth-child(2) button")
    show.mailbox.set("/vace/reference/remove", "a.png")
    page.wait("document.querySelectorAll('#references button').length === 2")
    page.finger_up()
    wait_for(lambda: show.mailbox.get("/vace/reference") == ("c.png",), "b.png to go")
    show.mailbox.set("/vace/reference/clear", True)
