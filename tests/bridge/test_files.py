"""What of the files that somebody names may be opened, and what may be written over."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.files import (
    MOST_PIXELS,
    check_pixels,
    expanded,
    refuse_own_input,
    regular_file,
    shown,
    writable_file,
)

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
BAD_NAMES = [
    "~nosuchuser/x.png",
    "a" * 300 + ".png",
    "zero\0byte.png",
    "half\ud800letter.png",
    "",
    "none.png",
    "/dev/null",
]


def refused(path: str | Path) -> str:
    with pytest.raises(BridgeError) as refusal:
        regular_file(path)
    message = str(refusal.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_no_file_is_refused_in_one_line(name: str):
    if name == "~nosuchuser/x.png" and os.name != "posix":
        pytest.skip("Windows guesses where another user's folder would be")
    assert refused(name)


def test_a_refusal_names_the_path_and_what_is_wrong(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"some")
    assert "there is no file" in refused(tmp_path / "none")
    assert "is a folder" in refused(tmp_path)
    assert "there is no file" in refused(file / "below")
    assert "?" in refused("line\nbreak.png")
    assert regular_file(file) == file
    with pytest.raises(BridgeError, match="give a smaller file"):
        regular_file(file, most_bytes=3)


@posix_only
def test_what_is_no_file_is_refused_through_a_link_too(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert "is a pipe" in refused(tmp_path / "pipe")
    assert "is a pipe" in refused(tmp_path / "link")
    assert "is a device" in refused(tmp_path / "zero")
    assert "cannot be the path" in refused(tmp_path / "circle")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{short}/socket")
        assert "is a socket" in refused(f"{short}/socket")
    with pytest.raises(BridgeError, match="is a pipe"):
        writable_file(tmp_path / "pipe")


def test_a_tilde_is_the_home_of_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "clip.mp4").touch()
    assert regular_file("~/clip.mp4") == expanded("~/clip.mp4") == tmp_path / "clip.mp4"


def test_a_file_is_written_only_where_there_is_a_folder(tmp_path: Path):
    assert writable_file(tmp_path / "new.mp4") == tmp_path / "new.mp4"
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "no" / "new.mp4", "check its folder")):
        with pytest.raises(BridgeError, match=words):
            writable_file(path)


def test_a_picture_has_as_many_pixels_as_can_be_held():
    check_pixels(8192, 8192, "a.png")
    check_pixels(1, MOST_PIXELS, "a.png")
    for size, words in (((8193, 8192), "make it smaller"), ((0, 9), "save it again"), ((-1, -1), "save it again")):
        with pytest.raises(BridgeError, match=words):
            check_pixels(*size, "a.png")


def test_a_name_is_shown_in_one_line_however_long():
    assert shown("plain.mp4") == "plain.mp4"
    assert shown("a\nb\x1b[31m.mp4") == "a?b?[31m.mp4"
    long = shown("x" * 100_000 + ".mp4")
    assert len(long) < 250
    assert long.endswith(".mp4")


def test_an_output_that_is_an_input_is_refused_by_whatever_way_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    clip, other = tmp_path / "clip.mp4", tmp_path / "other.mp4"
    clip.write_bytes(b"1")
    other.write_bytes(b"2")
    (tmp_path / "hard.mp4").hardlink_to(clip)
    (tmp_path / "soft.mp4").symlink_to(clip)
    for name in ("clip.mp4", "file:clip.mp4", "~/clip.mp4", "file:~/clip.mp4", "hard.mp4", "soft.mp4", "./clip.mp4"):
        for target, given in ((name, clip), (clip, name)):
            with pytest.raises(BridgeError, match="choose another file"):
                refuse_own_input(target, ["testcard:", "", "camera:0", other, given])
    refuse_own_input("file:new.mp4", [clip, other])
    refuse_own_input(clip, [other, "none.mp4", "~nosuchuser/x", "a" * 300])
    refuse_own_input("null:", [clip])
