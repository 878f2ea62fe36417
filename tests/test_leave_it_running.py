"""The page about unattended shows: what it tells people to copy can be read, and starts what it says."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backend.cli.main import build_parser
from backend.cli.supervise import SUPERVISE

PAGE = (Path(__file__).parent.parent / "docs" / "start" / "leave-it-running.md").read_text(encoding="utf-8")
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """The arguments of start.py wherever the page has something start it."""
    [unit] = blocks("ini")
    service = configparser.ConfigParser(interpolation=None)
    service.optionxform = str  # type: ignore[assignment]
    service.read_string(unit)
    task, agent = (ElementTree.fromstring(text) for text in blocks("xml"))
    texts = [
        re.search(r"start\.py (run .*)", PAGE)[1],  # type: ignore[index]
        service["Service"]["ExecStart"].partition("start.py ")[2],
        (task.findtext(f".//{TASK}Arguments") or "").removeprefix("start.py "),
    ]
    by_hand = re.search(r"arguments `start\.py (run .*?)`", PAGE)[1]  # type: ignore[index]
    words = [word.text or "" for word in agent.iter("string")]
    return [*map(shlex.split, [*texts, by_hand]), words[words.index("start.py") + 1 :]]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_what_the_page_starts_is_a_supervised_show(arguments: list[str]):
    assert build_parser().parse_args(arguments).supervise
    assert SUPERVISE in arguments
