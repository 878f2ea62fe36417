"""A file that several programs change in turn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.runtime.json_store import JsonStore
from backend.runtime.shared_entries import SharedEntries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "presets.json"


def entries(path: Path | None) -> SharedEntries:
    return SharedEntries(JsonStore(path, "presets"))


def test_two_programs_that_save_in_turn_keep_both_and_see_each_other_s(path: Path):
    one, two = entries(path), entries(path)
    for number in range(3):
        one.put(f"one {number}", {"a": number})
        one.write()
        two.put(f"two {number}", {"a": number})
        two.write()
    one.write()
    both = {f"{who} {number}": {"a": number} for number in range(3) for who in ("one", "two")}
    assert one.snapshot() == two.snapshot() == entries(path).snapshot() == both


def test_of_one_name_the_later_writer_s_counts(path: Path):
    one, two = entries(path), entries(path)
    one.put("a", {"by": "one"})
    two.put("a", {"by": "two"})
    two.write()
    one.write()
    two.write()
    assert one.get("a") == two.get("a") == {"by": "one"}


def test_what_one_takes_out_is_gone_for_both_and_comes_back_by_nobody_s_writing(path: Path):
    one, two = entries(path), entries(path)
    for name in ("a", "b"):
        one.put(name, {})
    one.write()
    two.write()
    two.remove("a")
    assert list(two.snapshot()) == ["b"]
    two.write()
    one.put("c", {})
    one.write()
    assert list(one.snapshot()) == list(entries(path).snapshot()) == ["b", "c"]


def test_what_could_not_be_written_counts_here_and_is_written_next_time(path: Path, monkeypatch):
    held = entries(path)
    held.put("a", {"count": 1})
    held.put("b", {})
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            held.write()
    held.put("a", {"count": 2})
    held.write()
    assert held.snapshot() == entries(path).snapshot() == {"a": {"count": 2}, "b": {}}


@pytest.mark.parametrize("lost", ["removed", "damaged"])
def test_where_the_file_is_lost_during_a_show_all_of_it_is_written_anew(path: Path, lost: str):
    held = entries(path)
    held.put("a", {})
    held.write()
    path.unlink()
    if lost == "damaged":
        path.write_text("{")
    held.write()
    assert list(entries(path).snapshot()) == ["a"]


def test_what_is_no_entry_is_left_in_the_file(path: Path):
    JsonStore(path, "presets").write({"a": {}, "b": 7})
    held = entries(path)
    held.put("c", {})
    held.write()
    assert list(held.snapshot()) == ["a", "c"]
    assert JsonStore(path, "presets").read() == {"a": {}, "b": 7, "c": {}}


def test_nothing_is_written_where_nothing_has_changed(path: Path):
    entries(path).write()
    assert not path.exists()


WRITER = """
import sys
from pathlib import Path
from backend.runtime.json_store import JsonStore
from backend.runtime.shared_entries import SharedEntries
entries = SharedEntries(JsonStore(Path(sys.argv[1]), "presets"))
for number in range(40):
    entries.put(f"{sys.argv[2]} {number}", {})
    entries.write()
"""


def test_programs_that_write_at_the_same_time_keep_all_of_both(path: Path):
    programs = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("one", "two")]
    assert [program.wait(60) for program in programs] == [0, 0]
    assert set(entries(path).snapshot()) == {f"{name} {number}" for name in ("one", "two") for number in range(40)}
