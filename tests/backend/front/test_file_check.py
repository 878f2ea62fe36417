"""No file is used by a show before it was read apart from it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.controls.named_files import named_files
from backend.controls.table import TABLE
from backend.front import file_check as module
from backend.front.file_check import FileCheck
from backend.runtime.worker import Worker, shared_worker
from bridge.control.mailbox import Mailbox
from tests.backend.waiting import wait_for
from tests.bridge.video.test_clip import claimed_png

MASK, SOURCE, REFERENCE, FIRST = "/vace/mask/source", "/vace/source", "/vace/reference", "/vace/first"
HOSTILE = ("folder.png", "fifo.png", "socket.png", "text.png", "empty.png", "huge.png")
CLIP = Path(__file__).parents[3] / "backend" / "clips" / "cup.mp4"


def crash(path: str, as_picture: bool) -> str:
    os._exit(1)


def hang(path: str, as_picture: bool) -> str:
    time.sleep(600)
    return ""


class Show:
    """A mailbox and what looks at its files."""

    def __init__(self, written: list[str]) -> None:
        self.mailbox = Mailbox(TABLE)
        self.told: list[tuple[str, str]] = []
        self.check = FileCheck(
            self.mailbox, lambda address, reason: self.told.append((address, reason)), lambda: written
        )
        self.check.start()

    def set(self, address: str, value: object) -> None:
        assert self.mailbox.set(address, value) is None

    def refused(self, address: str, value: object, kept: object = "") -> str:
        """The reason; the value that was there is there again."""
        before = len(self.told)
        self.set(address, value)
        wait_for(lambda: len(self.told) > before, "the reason")
        blamed, reason = self.told[-1]
        assert blamed == address
        assert self.mailbox.get(address) == self.mailbox.wanted(address) == kept
        return reason


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """The process that reads, which is that of all shows here: only what kills it starts another."""
    yield shared_worker()
    shared_worker().close()


@pytest.fixture
def show(written, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    show = Show(written)
    yield show
    monkeypatch.setattr(worker, "close", lambda: None)
    show.check.stop()


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.full((32, 48, 3), 200, np.uint8))
    return str(path)


@pytest.mark.parametrize(
    ("address", "value", "files"),
    [
        (MASK, "person", ()),
        (MASK, "object:dog", ()),
        (MASK, "/a/mask.png", ("/a/mask.png",)),
        (MASK, "spout:mask", ()),
        (SOURCE, "testcard:", ()),
        (SOURCE, "file:~/clip.mp4", ("~/clip.mp4",)),
        ("/vace/control/source", "", ()),
        ("/vace/control/source", "C:\\depth.mp4", ("C:\\depth.mp4",)),
        (REFERENCE, ("/a.png", "", "b.jpg"), ("/a.png", "b.jpg")),
        (FIRST, "", ()),
        (FIRST, "/a.png", ("/a.png",)),
    ],
)
def test_the_files_that_a_value_names(address, value, files):
    assert named_files(address, value) == files


def test_good_files_are_let_in(show, picture):
    show.set(MASK, picture)
    show.set(REFERENCE, [picture, picture])
    show.set(SOURCE, f"file:{CLIP}")
    wait_for(lambda: show.mailbox.get(SOURCE) and show.mailbox.get(MASK) and show.mailbox.get(REFERENCE), "all three")
    assert show.mailbox.get(MASK) == picture
    assert show.told == []


def test_what_names_no_file_is_let_in_at_once(show):
    show.set(MASK, "person")
    assert show.mailbox.get(MASK) == "person"


@pytest.mark.parametrize("address", [MASK, REFERENCE, FIRST, "/vace/last", SOURCE, "/vace/control/source"])
@pytest.mark.parametrize("name", ["~nosuchuser/x", "x" * 300, "not there", *HOSTILE])
def test_what_cannot_be_used_is_refused_to_its_sender_and_what_was_there_stays(show, tmp_path, picture, address, name):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    claimed_png(tmp_path / "huge.png", 50_000, 50_000)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo.png")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "socket.png"))
    if address == SOURCE:
        picture = f"file:{picture}"
    show.set(address, [picture] if address == REFERENCE else picture)
    kept = (picture,) if address == REFERENCE else picture
    wait_for(lambda: show.mailbox.get(address) == kept, "the good one")
    path = f"{name}.mp4" if name.startswith("~") else f"{tmp_path / name}"
    reason = show.refused(address, f"file:{path}" if address == SOURCE else path, kept)
    assert f"{address} stays as it was" in reason
    assert "\n" not in reason


def test_one_bad_reference_refuses_the_list(show, picture, tmp_path):
    assert "no.png" in show.refused(REFERENCE, [picture, str(tmp_path / "no.png")], ())


def test_a_file_that_the_show_writes_is_refused(show, written, picture):
    written.append(f"file:{picture}")
    assert "written over itself" in show.refused(SOURCE, f"file:{picture}")
    assert "written over itself" in show.refused(MASK, picture, "none")


def test_one_that_takes_too_long_or_crashes_is_refused_and_the_next_is_read(show, picture, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(show.check, "_seconds", 0.2)
        patched.setattr(module, "why_not", hang)
        assert "more than" in show.refused(FIRST, picture)
    show.set(FIRST, picture)
    wait_for(lambda: show.mailbox.get(FIRST) == picture, "the picture")
    monkeypatch.setattr(module, "why_not", crash)
    assert "ended the process" in show.refused(MASK, picture, "none")


@pytest.mark.faults
@pytest.mark.parametrize("raised", [OSError(24, "Too many open files"), RuntimeError("nobody thought of this")])
def test_no_value_waits_for_ever(show, picture, monkeypatch, raised):
    def fail(*_: object, **__: object) -> None:
        raise raised

    with monkeypatch.context() as patched:
        patched.setattr(show.check._worker, "call", fail)
        show.refused(FIRST, picture)
    show.set(FIRST, picture)
    wait_for(lambda: show.mailbox.get(FIRST) == picture, "the picture")


def test_what_was_set_before_the_start_is_decided_with_it(picture):
    show = Show.__new__(Show)
    show.mailbox, show.told = Mailbox(TABLE), []
    show.check = FileCheck(show.mailbox, lambda address, reason: show.told.append((address, reason)))
    show.set(FIRST, picture)
    show.set(MASK, f"{picture}.nowhere.png")
    show.check.start()
    assert show.mailbox.get(FIRST) == picture
    assert show.mailbox.get(MASK) == "none"
    assert len(show.told) == 1
    show.check.stop()


def test_a_list_that_grows_has_only_what_is_new_read(show, picture, tmp_path, monkeypatch):
    other = str(tmp_path / "other.png")
    cv2.imwrite(other, np.zeros((32, 48, 3), np.uint8))
    show.set(REFERENCE, [picture])
    wait_for(lambda: show.mailbox.get(REFERENCE) == (picture,), "the first")
    read, call = [], show.check._worker.call

    def counted(function, path, *rest, **limits):
        read.append(path)
        return call(function, path, *rest, **limits)

    monkeypatch.setattr(show.check._worker, "call", counted)
    show.set(REFERENCE, [picture, other])
    wait_for(lambda: show.mailbox.get(REFERENCE) == (picture, other), "both")
    assert read == [other]
