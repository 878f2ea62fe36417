"""What is sent to the page is kept within limits, and nothing that is still wanted goes."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.panel import picture_store
from backend.panel.picture_store import NoPicture, PictureStore, open_folder

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 90
JPEG = b"\xff\xd8\xff\xe0" + b"y" * 90
WEBP = b"RIFF\x60\0\0\0WEBPVP8 " + b"z" * 90
NAMES = ("../../etc/passwd", "/abs/olute.png", "..", "", "C:\\a\\b.png", "a\0b.png", "é" * 500)


def files(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.mark.parametrize(("content", "suffix"), [(PNG, ".png"), (JPEG, ".jpg"), (WEBP, ".webp")])
def test_a_picture_is_kept_as_what_it_begins_as_whatever_it_is_called(tmp_path: Path, content: bytes, suffix: str):
    path = PictureStore(tmp_path).add("My Cup (1).exe", content)
    assert path.parent == tmp_path
    assert path.name.startswith("my-cup-1-")
    assert path.suffix == suffix
    assert path.read_bytes() == content
    assert files(tmp_path) == {path.name}


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str):
    folder = tmp_path / "kept"
    folder.mkdir()
    assert PictureStore(folder).add(name, PNG).parent == folder
    assert files(tmp_path) == {"kept"}
    assert len(files(folder)) == 1


def test_the_same_picture_is_kept_once(tmp_path: Path):
    store = PictureStore(tmp_path)
    assert store.add("cup.png", PNG) == store.add("cup.png", PNG)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a" + b"x" * 90, b"%PDF-1.7", b"\0" * 100])
def test_what_is_no_picture_is_not_kept(tmp_path: Path, content: bytes):
    with pytest.raises(NoPicture, match="send a PNG, a JPEG or a WebP"):
        PictureStore(tmp_path).add("cup.png", content)
    assert files(tmp_path) == set()


def test_a_picture_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_store, "MOST_BYTES", len(PNG))
    store = PictureStore(tmp_path)
    store.add("cup.png", PNG)
    with pytest.raises(NoPicture, match="make it smaller"):
        store.add("cup.png", PNG + b"x")
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize(("limit", "value"), [("MOST_KEPT", 3), ("MOST_KEPT_BYTES", 3 * (len(PNG) + 1))])
def test_the_oldest_that_nothing_names_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int):
    monkeypatch.setattr(picture_store, limit, value)
    used: list[Path] = []
    store = PictureStore(tmp_path, lambda: repr(used))
    kept = []
    for number in range(6):
        path = store.add(f"n{number}.png", PNG + bytes([number]))
        os.utime(path, (1000 + number, 1000 + number))
        kept.append(path)
        used = kept[:1]
    assert files(tmp_path) == {kept[0].name, kept[4].name, kept[5].name}


def test_nothing_that_is_named_goes_however_much_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_store, "MOST_KEPT", 2)
    used: list[Path] = []
    store = PictureStore(tmp_path, lambda: repr(used))
    used.extend(store.add("cup.png", PNG + bytes([number])) for number in range(5))
    assert files(tmp_path) == {path.name for path in used}


def test_what_an_earlier_program_left_half_written_goes(tmp_path: Path):
    (tmp_path / "cup-123.part").write_bytes(b"half")
    PictureStore(tmp_path)
    assert files(tmp_path) == set()


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, _: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        PictureStore(tmp_path).add("cup.png", PNG)
    assert files(tmp_path) == set()


def test_a_show_that_keeps_nothing_takes_its_pictures_with_it(tmp_path: Path):
    with ExitStack() as opened:
        folder = open_folder(None, opened)
        PictureStore(folder).add("cup.png", PNG)
    assert not folder.exists()
    with ExitStack() as opened:
        kept = open_folder(tmp_path / "deep" / "presets.pictures", opened)
        PictureStore(kept).add("cup.png", PNG)
    assert len(files(kept)) == 1


def test_pictures_that_come_at_once_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_store, "MOST_KEPT", 3)
    store = PictureStore(tmp_path)
    with ThreadPoolExecutor(8) as senders:
        paths = list(senders.map(lambda number: store.add("cup", PNG + bytes([number % 5])), range(400)))
    assert len(set(paths)) == 5
    assert len(files(tmp_path)) == 3
