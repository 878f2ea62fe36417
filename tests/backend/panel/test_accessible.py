"""The page for everybody: by keyboard, by screen reader, in the dark, with a thumb."""

from collections.abc import Iterator

import pytest

from backend.controls.table import TABLE
from tests.backend.panel.page_show import MadeUpShow, made_up_show
from tests.browser import Browser, wait_for

CONTRAST = 4.5
"""Of text, WCAG 2.2, 1.4.3."""
TARGET = 44
"""Pixels of what is touched."""
SMALL_TEXTS = """
(() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(each).backgroundColor);
      if (a > 0.7) return [r, g, b];
    }
    return [0, 0, 0];
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility() || element.closest("[hidden], canvas")) continue;
    const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const hint = element.placeholder ? getComputedStyle(element, "::placeholder").color : null;
    for (const colour of [speaks ? getComputedStyle(element).color : null, hint]) {
      if (!colour) continue;
      const value = ratio(parse(colour).slice(0, 3), ground(element));
      if (value < LIMIT) found.push([element.tagName, element.className, element.textContent.slice(0, 30), value]);
    }
  }
  return found;
})()
"""
UNNAMED = """
[...document.querySelectorAll("button, input, select, textarea, canvas:not([aria-hidden])")]
  .filter((element) => element.checkVisibility() && element.type !== "hidden")
  .filter((element) => !(element.ariaLabel || element.labels?.length || element.textContent.trim() || element.title))
  .map((element) => element.outerHTML.slice(0, 120))
"""
SMALL_TARGETS = """
[...document.querySelectorAll("button, select, textarea, summary, .chip, .chooser, input")]
  .filter((element) => !["file", "radio", "checkbox"].includes(element.type)) // their labels are touched
  .filter((element) => element.checkVisibility())
  .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect().height])
  .filter(([, height]) => height < LIMIT - 0.5)
"""


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeUpShow]:
    with made_up_show(tmp_path_factory.mktemp("pictures")) as show:
        yield show


@pytest.fixture(params=[1440, 1024, 390])
def page(show: MadeUpShow, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """With everything open, an error, presets, and the drawing of a mask."""
    chromium.resize(request.param, 844, phone=request.param == 390)
    chromium.open(show.panel.url)
    chromium.wait("document.querySelectorAll('#bank button').length === 8 && document.querySelector('#preview-input')")
    show.mailbox.set("/vace/preset/save", "one")
    show.mailbox.set("/vace/blackout", True)
    show.faults.add("the disk is full", "/vace/record")
    chromium.wait("document.querySelector('#events li') && document.querySelector('#presets .preset')")
    chromium.run("document.querySelectorAll('details').forEach(each => (each.open = true))")
    yield chromium
    chromium.open("about:blank")


def test_every_text_can_be_read_in_the_dark(page: Browser):
    assert page.run(SMALL_TEXTS.replace("LIMIT", str(CONTRAST))) == []


def test_everything_has_a_name_for_those_who_hear_it(page: Browser):
    assert page.run(UNNAMED) == []


def test_everything_can_be_hit_with_a_thumb_and_nothing_is_wider_than_the_page(page: Browser):
    assert page.run(SMALL_TARGETS.replace("LIMIT", str(TARGET))) == []
    assert page.run("document.documentElement.scrollWidth <= innerWidth") is True


def test_every_control_is_on_the_page(page: Browser):
    there = page.run("[...new Set([...document.querySelectorAll('[data-address]')].map(each => each.dataset.address))]")
    assert isinstance(there, list)
    missing = {row.address for row in TABLE} - set(there)
    assert missing == {"/vace/prompt/go", "/vace/preset/save", "/vace/preset/go"}, "which are rows of buttons"


def test_the_arrow_keys_go_through_a_group_of_choices(show: MadeUpShow, chromium: Browser):
    chromium.resize(1440, 900)
    chromium.open(show.panel.url)
    chromium.wait("document.querySelector('#play [value=depth]')?.checked")
    chromium.run("document.querySelector('#play [value=depth]').focus()")
    chromium.press("ArrowRight")
    wait_for(lambda: show.mailbox.get("/vace/control") == "scribble", "the next choice")
    chromium.press("ArrowLeft")
    wait_for(lambda: show.mailbox.get("/vace/control") == "depth", "the one before")
    assert show.mailbox.get("/vace/noise") == 1.0, "the arrows were not keys of the page as well"


def test_the_panic_row_stays_in_sight_and_is_not_beside_the_tap(page: Browser):
    page.run("document.querySelectorAll('section, #rest').forEach(each => each.scrollTo(0, 99999)); scrollTo(0, 99999)")
    left, top, width, height = page.box("#panic")
    size = page.run("[innerWidth, innerHeight]")
    assert isinstance(size, list)
    assert left >= 0
    assert top >= 0
    assert left + width <= size[0]
    assert top + height <= size[1]
    assert page.run("Boolean(document.querySelector('#panic [data-address*=tempo]'))") is False
