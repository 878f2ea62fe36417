"""Texts and files that stand for no video and no picture, sent to every control that takes a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from .attack import Attack

PATH_CONTROLS = (
    "/vace/source",
    "/vace/mask/source",
    "/vace/control/source",
    "/vace/reference",
    "/vace/first",
    "/vace/last",
)
READABLE = frozenset({"cut off.png", "cut off.jpg", "cut off.webp", "damaged.mp4", "one row of 1,000,000.png"})
"""Files of which something can be shown: they may be taken, or refused."""
TEXTS: Mapping[str, str] = {
    "an unknown user": "~nosuchuser/x",
    "an unknown user's picture": "~nosuchuser/x.png",
    "300 characters": "/" + "x" * 300,
    "300 characters and a suffix": "x" * 300 + ".png",
    "a missing picture": "/nowhere/there is none.png",
    "a missing clip": "/nowhere/there is none.mp4",
    "a missing clip with a colon": "/nowhere/12:30.mp4",
    "line ends": "/nowhere/a\nb\r\n.png",
    "a variable": "$HOME/%TEMP%/x.png",
    "quotes": '"/nowhere/x.png"',
    "another script": "/nowhere/\u00e9\u4e16\u754c\U0001f3a5.png",
    "a share that is not there": "\\\\127.0.0.1\\nowhere\\x.png",
    "an address of the web": "http://127.0.0.1:9/x.mp4",
    "half of an address": "file:",
    "a camera below none": "camera:-1",
    "a camera beyond all": "camera:99999999999999999999",
    "shared memory without a name": "shm:",
    "shared memory that is not there": "shm:vacesoaknowhere",
    "shared memory of 300 characters": "shm:" + "x" * 300,
    "shared memory up two folders": "shm:../../etc/passwd",
    "an unknown address": "nosuch:thing/x",
}


def path_attacks(files: Mapping[str, Path]) -> Iterator[Attack]:
    """Each text and each file, to each control. files: by what is wrong with them."""
    for address in PATH_CONTROLS:
        for name, text in TEXTS.items():
            yield _sent(address, name, text)
        for name, path in files.items():
            yield _sent(address, name, str(path), refused=name not in READABLE)


def _sent(address: str, name: str, text: str, refused: bool = True) -> Attack:
    value = f"file:{text}" if address == "/vace/source" and ":" not in text[:8] else text
    return Attack(f"{address}: {name}", lambda stage: stage.sender.send(address, value), address, refused)
