"""Files that outlive the program."""

import json
import os
from pathlib import Path

import pytest

from backend.runtime.json_store import JsonStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "presets.json"


def test_what_was_written_is_read_and_can_be_read_by_people(path: Path):
    JsonStore(path, "presets").write({"blue hour": {"/vace/prompt": "a café of ice"}})
    assert JsonStore(path, "presets").read() == {"blue hour": {"/vace/prompt": "a café of ice"}}
    text = path.read_text(encoding="utf-8")
    assert json.loads(text)["vace"] == "presets"
    assert '"a café of ice"' in text
    assert text.count("\n") > 5
    assert os.listdir(path.parent) == ["presets.json"]


def test_no_file_yet_and_no_file_at_all_hold_nothing(path: Path):
    assert JsonStore(path, "presets").read() == {}
    JsonStore(None, "presets").write({"a": 1})
    assert JsonStore(None, "presets").read() == {}


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b'{"vace": "presets", "version": 1, "conte', "damaged"),
        (b"", "damaged"),
        (b"\xff\xfe\0\0", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[1, 2]", "something else"),
        (b'{"vace": "last values", "version": 1, "content": {}}', "something else"),
        (b'{"vace": "presets", "version": 1, "content": []}', "something else"),
        (b'{"vace": "presets", "version": 2, "content": {}}', "version 2"),
        (b" " * (17 * 1024 * 1024), "16 MB"),
    ],
)
def test_a_file_that_is_not_ours_is_put_aside_and_named_in_one_line(path: Path, caplog, held: bytes, said: str):
    path.parent.mkdir()
    path.with_name("presets.json.aside").write_text("from before")
    path.write_bytes(held)
    file = JsonStore(path, "presets")
    assert file.read() == {}
    [record] = caplog.records
    assert said in record.message
    assert "presets.json.aside2" in record.message
    assert "\n" not in record.message
    file.write({"new": {}})
    assert path.with_name("presets.json.aside").read_text() == "from before"
    assert path.with_name("presets.json.aside2").read_bytes() == held
    assert file.read() == {"new": {}}


def test_a_crash_in_the_middle_of_writing_leaves_the_former_file(path: Path, monkeypatch):
    file = JsonStore(path, "presets")
    file.write({"old": {}})

    def crash(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space"):
        file.write({"new": {}})
    assert file.read() == {"old": {}}
    assert os.listdir(path.parent) == ["presets.json"]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        JsonStore(tmp_path / "file" / "presets.json", "presets").write({})
