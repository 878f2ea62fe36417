"""Files that outlive the program."""

import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from backend.runtime import json_store
from backend.runtime.json_store import JsonStore

NO_PROCESS = 2**22 + 1
"""A process id beyond what Linux and Windows give out."""


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
    assert sorted(os.listdir(path.parent)) == ["presets.json", "presets.json.lock"]


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
        (b'{"vace": "presets", "version": 1, "content": {"a": ' + b"[" * 40 + b"]" * 40 + b"}}", "nested"),
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
    assert sorted(os.listdir(path.parent)) == ["presets.json", "presets.json.lock"]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        JsonStore(tmp_path / "file" / "presets.json", "presets").write({})


def test_a_byte_order_mark_as_some_editors_write_it_is_no_damage(path: Path):
    path.parent.mkdir()
    path.write_text('{"vace": "presets", "version": 1, "content": {"a": {}}}', encoding="utf-8-sig")
    assert JsonStore(path, "presets").read() == {"a": {}}


def test_half_a_surrogate_pair_is_kept(path: Path):
    JsonStore(path, "presets").write({"a\ud800": {}})
    assert JsonStore(path, "presets").read() == {"a\ud800": {}}


@pytest.mark.skipif(sys.platform == "win32", reason="these kinds of file")
@pytest.mark.parametrize("kind", ["folder", "fifo", "loop"])
def test_what_lies_in_the_place_of_the_file_is_told_and_left_alone(path: Path, caplog, kind: str):
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(path)
    before = stat.S_IFMT(os.lstat(path).st_mode)
    store = JsonStore(path, "presets")
    assert store.read() == {}
    [record] = caplog.records
    assert "cannot be read" in record.message
    with pytest.raises(OSError):
        store.write({"a": {}})
    assert stat.S_IFMT(os.lstat(path).st_mode) == before


def test_a_file_that_cannot_be_read_now_is_never_written_over(path: Path, caplog, monkeypatch):
    store = JsonStore(path, "presets")
    store.write({"old": {}})
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", lambda *_, **__: (_ for _ in ()).throw(PermissionError("denied")))
        assert JsonStore(path, "presets").read() == {}
        assert "denied" in caplog.records[-1].message
        with pytest.raises(PermissionError):
            store.write({"new": {}})
    assert store.read() == {"old": {}}


def test_what_killed_programs_left_is_removed_and_what_others_are_writing_is_not(path: Path):
    path.parent.mkdir()
    dead, alive, other = (
        path.with_name(name)
        for name in (
            f"presets.json.{NO_PROCESS}.unfinished",
            f"presets.json.{os.getppid()}.unfinished",
            "presets.json.unfinished",
        )
    )  # fmt: skip
    for left in (dead, alive, other):
        left.write_text("{")
    JsonStore(path, "presets").read()
    assert [left.exists() for left in (dead, alive, other)] == [False, True, True]


def test_a_change_waits_for_another_program_s_and_gives_up_without_losing_anything(path: Path, monkeypatch):
    monkeypatch.setattr(json_store, "LOCK_SECONDS", 0.1)
    store = JsonStore(path, "presets")
    store.write({"old": {}})
    with FileLock(f"{path}.lock"):
        with pytest.raises(TimeoutError, match="another program has held"):
            store.write({"new": {}})
        assert store.read() == {"old": {}}
    store.write({"new": {}})
    assert store.read() == {"new": {}}


def test_a_program_sees_that_another_has_changed_the_file(path: Path):
    mine, other = JsonStore(path, "presets"), JsonStore(path, "presets")
    assert not mine.changed()
    other.write({"a": {}})
    assert mine.changed()
    assert mine.read() == {"a": {}}
    assert not mine.changed()
    mine.write({"b": {}})
    assert not mine.changed()
    assert other.changed()


WRITER = """
import sys
from pathlib import Path
from backend.runtime.json_store import JsonStore
store, name = JsonStore(Path(sys.argv[1]), "presets"), sys.argv[2]
for count in range(10**9):
    store.update(lambda held: {**(held or {}), name: {"count": count, "filler": "x" * 20_000}})
    if not count:
        print("begun", flush=True)
"""


def test_writers_killed_at_any_moment_leave_a_whole_file_with_what_each_has_written_and_nothing_else(path: Path):
    chance = random.Random(7)
    for number in range(50):
        command = [sys.executable, "-c", WRITER, str(path), f"writer {number % 2}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n", "the lock of a killed one is free"
            time.sleep(chance.uniform(0.0, 0.03))
            writer.kill()
        held = json.loads(path.read_text(encoding="utf-8"))["content"]
        assert set(held) == {f"writer {each}" for each in range(min(number, 1) + 1)}
    JsonStore(path, "presets").read()
    assert sorted(os.listdir(path.parent)) == ["presets.json", "presets.json.lock"]
