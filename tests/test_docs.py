"""The docs hold together: links lead somewhere, commands are real, the README is short and its picture small."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = sorted(
    page
    for page in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("td_project/*.md"),
        *ROOT.glob("vace_core/**/*.md"),
    )
)
LINK = re.compile(r"\]\(([^()\s]+)\)")
COMMAND = re.compile(r"\bstart\.py[ \t]+([a-z][\w-]*)(?:[ \t]+([^\s`|)]+))?")
OUTSIDE = re.compile(
    r"(?<![\w.-])(?<!start\.py )(?:python3?|py)[ \t]+(?:-m[ \t]+(?:backend|pip)\b|docs/)|(?<!start\.py )\bpip install\b"
)
OF_START = {"test", "pip", "python"}
"""The words of start.py itself; every other word is a command of the program."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """Without code, in which brackets are no links."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text_of(page), flags=re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """The fragments that a page's headings make, as the repository's host makes them."""
    headings = re.findall(
        r"^#+[ \t]+(.+?)[ \t]*$", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path):
    for link in LINK.findall(prose_of(page)):
        path, _, fragment = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert ROOT in (target, *target.parents), f"{link} leads out of the repository"
        if fragment:
            assert fragment in anchors_of(target), f"{link}: no such heading"


def test_every_page_is_listed_in_the_index():
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(text_of(index))}
    missing = [named(page) for page in PAGES if page.is_relative_to(ROOT / "docs") and page not in {index, *listed}]
    assert not missing


def test_every_documented_command_is_a_real_one():
    ran = subprocess.run(
        [sys.executable, "-m", "backend", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    commands = set(re.findall(r"^    ([a-z]+)\b", ran.stdout, re.MULTILINE))
    assert {"run", "render"} <= commands
    unknown = []
    for page in PAGES:
        for word, argument in COMMAND.findall(text_of(page)):
            if word == "python" and argument and argument.endswith(".py"):
                if not (ROOT / argument).is_file():
                    unknown.append(f"{named(page)}: {argument}")
            elif word not in commands | OF_START:
                unknown.append(f"{named(page)}: {word}")
    assert not unknown


def test_every_documented_command_works_outside_the_environment():
    found = [
        f"{named(page)}: {match[0]}"
        for page in PAGES
        if page != ROOT / "vace_core" / "pocket" / "CARD.md"
        for match in OUTSIDE.finditer(text_of(page))
    ]
    assert not found


def test_the_readme_can_be_read_in_a_few_minutes():
    assert len(text_of(README).split()) <= 900


def test_the_readme_shows_a_moving_picture_that_loads_fast():
    shown = [ROOT / link for link in LINK.findall(text_of(README)) if link.endswith((".gif", ".webp", ".webm"))]
    assert shown
    for picture in shown:
        assert picture.stat().st_size < 3_000_000
    assert b"ANIM" in shown[0].read_bytes()[:64], "the first of them does not move"
