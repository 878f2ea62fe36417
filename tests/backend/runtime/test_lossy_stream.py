"""Streams that nobody waits for."""

import os
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from backend.runtime import lossy_stream
from backend.runtime.lossy_stream import LONGEST, MOST_WAITING, Descriptor, LossyStream, RotatingFile
from tests.backend.waiting import wait_for


def test_what_is_written_comes_out_in_order_and_whole():
    taken: list[bytes] = []
    stream = LossyStream("under test", taken.append)
    print("a café", file=stream)
    print("half a pair \ud800", file=stream)
    assert stream.close_soon(60)
    assert b"".join(taken).decode() == "a café\nhalf a pair \\ud800\n"


def test_whoever_writes_to_what_hangs_goes_on_and_what_was_lost_is_counted_and_said():
    hangs, begun, taken = threading.Event(), threading.Event(), []

    def sink(text: bytes) -> None:
        begun.set()
        hangs.wait(60)
        taken.append(text)

    stream = LossyStream("under test", sink)
    stream.write("before\n")
    assert begun.wait(60)
    for number in range(MOST_WAITING + 50):
        stream.write(f"{number}\n")
    assert stream.lost == 50
    stream.write("x" * 10 * LONGEST)
    hangs.set()
    wait_for(lambda: len(taken) >= 1 + MOST_WAITING, "the rest")
    stream.write("after\n")
    assert stream.close_soon(60)
    assert taken[1] == b"[51 lines were lost here: nothing took them]\n0\n"
    assert taken[-1] == b"after\n"


def test_what_hangs_for_ever_is_left_behind():
    def hang(text: bytes) -> None:
        threading.Event().wait(60)

    stream = LossyStream("under test", hang)
    stream.write("never\n")
    assert not stream.close_soon(0.05)


def test_what_fails_is_told_once_and_tried_again():
    taken, told, fails = [], [], [True]

    def sink(text: bytes) -> None:
        if fails[0]:
            raise OSError("disk full")
        taken.append(text)

    stream = LossyStream("under test", sink, failed=told.append)
    for _ in range(3):
        stream.write("lost\n")
    wait_for(lambda: stream.lost == 3, "them to be lost")
    fails[0] = False
    stream.write("kept\n")
    assert stream.close_soon(60)
    assert told == ["disk full"]
    [text] = taken
    assert text.startswith(b"[3 lines were lost")
    assert text.endswith(b"kept\n")


def test_a_pipe_that_is_never_read_holds_nobody_up_and_one_that_is_closed_neither():
    read, write = os.pipe()
    stream = LossyStream("under test", Descriptor(write).write, write)
    for _ in range(3 * MOST_WAITING):
        stream.write("x" * 1000)
    assert stream.lost
    os.close(read)
    assert stream.close_soon(60)
    assert (stream.fileno(), stream.isatty()) == (write, False)
    os.close(write)


def test_a_file_that_is_full_is_begun_anew_and_so_many_former_ones_are_kept(tmp_path: Path):
    path = tmp_path / "logs" / "vace.log"
    file = RotatingFile(path, 10, 2)
    for number in range(5):
        file.write(b"%d23456\n" % number)
    held = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert held == {"vace.log": "423456\n", "vace.log.1": "323456\n", "vace.log.2": "223456\n"}
    file.close()
    with closing(RotatingFile(path, 10, 2)) as file:
        file.write(b"5\n")
    assert path.read_text() == "423456\n5\n"


def test_a_file_goes_on_where_it_cannot_be_begun_anew(tmp_path: Path, monkeypatch):
    path = tmp_path / "vace.log"
    file = RotatingFile(path, 10, 2)
    file.write(b"0123456\n")
    with monkeypatch.context() as patched:
        patched.setattr(lossy_stream.os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError("in use")))
        with pytest.raises(PermissionError):
            file.write(b"lost\n")
    file.write(b"kept\n")
    file.close()
    assert path.read_text() == "kept\n"
    assert path.with_name("vace.log.1").read_text() == "0123456\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this kind of file")
def test_what_is_no_file_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "vace.log")
    with pytest.raises(OSError, match="no file"):
        RotatingFile(tmp_path / "vace.log", 10, 2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason=f"there is no full disk on {sys.platform}")
def test_a_full_disk_is_told():
    told = []
    with open("/dev/full", "wb", buffering=0) as disk:
        stream = LossyStream("under test", Descriptor(disk.fileno()).write, failed=told.append)
        stream.write("lost\n")
        assert stream.close_soon(60)
    assert "No space left" in told[0]
