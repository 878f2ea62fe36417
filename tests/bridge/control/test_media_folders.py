"""Which files, addresses and devices a sender may name, here and elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.controls.table import TABLE
from bridge.control.mailbox import Mailbox
from bridge.control.media_folders import MediaFolders

NAMING = [row for row in TABLE if row.names is not None]
SHARES = [
    r"\\host\share\a.png",
    "//host/share/a.png",
    r"\/host/share/a.png",
    r"file:\\host\share\a.png",
    "file://host/share/a.png",
    r"\\?\UNC\host\share\a.png",
    r"\\.\pipe\a",
    '"//host/share/a.png"',
]


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.png", "deeper/b.png", "nul.png", "with space.png"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    return folder


def reason(address: str, value: object, here: bool, folders: MediaFolders | None = None) -> str | None:
    row = TABLE[address]
    return (folders or MediaFolders()).refusal(row, row.convert(value).value, here)


def test_every_control_that_takes_a_file_an_address_or_a_device_is_among_them():
    assert {row.address for row in NAMING} == {
        "/vace/control/source", "/vace/mask/source", "/vace/reference", "/vace/reference/add", "/vace/first",
        "/vace/last", "/vace/source", "/vace/midi/learn", "/vace/midi/forget",
    }  # fmt: skip
    assert all(row.dangerous for row in NAMING)
    texts = {row.address for row in TABLE if row.type in ("string", "strings")}
    harmless = {address for address in texts if address.startswith(("/vace/prompt", "/vace/preset", "/vace/cue"))}
    assert texts - harmless - {row.address for row in NAMING} == {"/vace/reference/remove"}


@pytest.mark.parametrize("address", [row.address for row in NAMING if not row.address.startswith("/vace/midi/")])
@pytest.mark.parametrize("share", SHARES)
def test_a_path_to_another_machine_is_refused_to_everybody(address: str, share: str):
    assert "another machine" in str(reason(address, share, here=True))
    assert reason(address, share, here=False)


def test_a_share_that_the_user_has_named_is_a_folder_as_any(monkeypatch: pytest.MonkeyPatch):
    folders = MediaFolders()
    monkeypatch.setattr(folders, "_written", ["//nas/clips"])
    for inside in (r"\\NAS\clips\a.mp4", "file://nas/Clips/deeper/a.mp4"):
        assert reason("/vace/source", inside, True, folders) is None
    for outside in (r"\\nas\clips2\a.mp4", r"\\nas\clips\..\c\a.mp4", "//nas/clips", "//host/clips/a.mp4"):
        assert reason("/vace/source", outside, True, folders)


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/vace/source", "camera:0"),
        ("/vace/source", "file:/home/you/clip.mp4"),
        ("/vace/source", "file:///home/you/clip.mp4"),
        ("/vace/source", r"C:\clips\clip.mp4"),
        ("/vace/reference", ["a.png", "~/b.png"]),
        ("/vace/midi/learn", "/vace/scale"),
        ("/vace/mask/source", "spout:mask"),
    ],
)
def test_a_sender_on_this_machine_may_name_what_is_here(address: str, value: object):
    if os.name == "nt" and "///" in str(value):
        return  # which is a share there
    assert reason(address, value, here=True) is None
    assert "--media" in str(reason(address, value, here=False))


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/vace/mask/source", "person"),
        ("/vace/mask/source", "object:dog"),
        ("/vace/mask/source", "Rect"),
        ("/vace/mask/source", ""),
        ("/vace/control/source", ""),
        ("/vace/reference", ()),
        ("/vace/source", "testcard:"),
        ("/vace/prompt", "/etc/passwd"),
        ("/vace/preset/go", "//host/share"),
    ],
)
def test_what_names_no_file_may_come_from_elsewhere(address: str, value: object):
    assert reason(address, value, here=False) is None


def test_from_elsewhere_a_file_must_lie_in_a_folder_that_was_named(media: Path):
    folders = MediaFolders([media])
    for inside in (media / "a.png", media / "deeper" / "b.png", media / "with space.png"):
        assert reason("/vace/first", str(inside), False, folders) is None
        assert reason("/vace/source", f"file:{inside}", False, folders) is None
        assert reason("/vace/reference", [str(inside)] * 2, False, folders) is None
    for outside in (
        media / "missing.png",
        media,
        media.parent / "secret.png",
        media / ".." / "secret.png",
        media / "deeper" / ".." / "a.png",
        media / "nul.png",
        f"{media}/a.png\0.png",
        f"{media}2/a.png",
        "~nosuchuser/a.png",
        f"{media}/{'x' * 5000}.png",
        f"concat:{media}/a.png",
        f"http://host{media}/a.png",
    ):
        named = str(outside).replace("\0", "")
        assert "--media" in str(reason("/vace/first", named, False, folders)), outside
        assert reason("/vace/reference", [str(media / "a.png"), named], False, folders)


def test_no_link_leads_out_of_a_folder(media: Path):
    folders = MediaFolders([media])
    try:
        (media / "link.png").symlink_to(media.parent / "secret.png")
        (media / "folder").symlink_to(media.parent)
        (media / "inside.png").symlink_to(media / "a.png")
    except OSError:
        pytest.skip("this system lets nobody make links")
    assert reason("/vace/first", str(media / "link.png"), False, folders)
    assert reason("/vace/first", str(media / "folder" / "secret.png"), False, folders)
    assert reason("/vace/first", str(media / "inside.png"), False, folders) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files on Windows")
def test_only_regular_files_may_be_named_from_elsewhere(media: Path):
    os.mkfifo(media / "pipe.png")
    assert reason("/vace/first", str(media / "pipe.png"), False, MediaFolders([media]))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ValueError, match=r"--media .*nowhere: there is no such folder"):
        MediaFolders([tmp_path / "nowhere"])


def test_an_answer_does_not_tell_which_files_there_are(media: Path):
    mailbox = Mailbox(TABLE)

    def said(path: Path) -> str:
        [(_, told)] = mailbox.apply([("/vace/mask/source", str(path))], here=False)
        return told.replace(str(path), "")

    assert said(media / "a.png") == said(media / "b.png")


def test_a_refused_value_changes_nothing_and_keeps_no_other_out(media: Path):
    mailbox = Mailbox(TABLE, media=MediaFolders([media]))
    mailbox.set("/vace/mask/source", "person")
    outside, inside = str(media.parent / "secret.png"), str(media / "a.png")
    changes = [("/vace/mask/source", outside), ("/vace/scale", 0.5), ("/vace/first", inside)]
    [(address, told)] = mailbox.apply(changes, here=False)
    assert address == "/vace/mask/source"
    assert "--media" in told
    assert "--media" in str(mailbox.set("/vace/last", outside, here=False))
    assert mailbox.set("/vace/last", outside) is None
    values = mailbox.snapshot()
    assert [values[name] for name in ("/vace/mask/source", "/vace/scale", "/vace/first")] == ["person", 0.5, inside]
