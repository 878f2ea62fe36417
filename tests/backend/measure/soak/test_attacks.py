"""The attacks are what they say, and a show that takes one badly is told so."""

import os
import random
import stat
import struct
import zlib
from pathlib import Path

import cv2
import psutil
import pytest

from backend.measure.soak.attacks import poison
from backend.measure.soak.attacks.attack import Attack
from backend.measure.soak.attacks.hostile_files import (
    black_png,
    clip,
    make_hostile_files,
    picture,
    zeros_compressed,
)
from backend.measure.soak.attacks.hostile_messages import bundle, message, message_attacks, single
from backend.measure.soak.attacks.hostile_paths import PATH_CONTROLS, READABLE, TEXTS
from backend.measure.soak.attacks.neighbours import FILE_BYTES, full_disk
from backend.measure.soak.trials.hostile import all_attacks, shuffled
from bridge.control.osc.packets import parse
from bridge.video.file import Clip


@pytest.mark.parametrize("count", [0, 17, 2**20, 3 * 2**20 + 5])
def test_zeros_are_compressed_without_being_held(count: int):
    assert zlib.decompress(zeros_compressed(count)) == bytes(count)


def test_a_black_picture_of_any_size_is_a_real_one(tmp_path: Path):
    for bits, colour in ((8, 0), (1, 0)):
        black_png(tmp_path / "black.png", 1500, 900, bits, colour)
        read = cv2.imread(str(tmp_path / "black.png"))
        assert read is not None
        assert (read.shape, read.any()) == ((900, 1500, 3), False)


def test_hostile_files_are_small_and_each_is_what_it_is_called(tmp_path: Path):
    files = make_hostile_files(tmp_path, 9)
    assert files.keys() >= READABLE
    inside = [path for path in files.values() if tmp_path in path.parents]
    assert sum(path.lstat().st_size for path in inside if path.is_file()) < 2_000_000
    size = struct.unpack(">II", files["50,000 x 50,000.png"].read_bytes()[16:24])
    assert size == (50_000, 50_000)
    assert struct.unpack("<ii", files["claims 60,000 x 60,000.bmp"].read_bytes()[18:26]) == (60_000, 60_000)
    for name in ("empty.png", "text.png", "cut off.webp"):
        assert cv2.imread(str(files[name])) is None, name
    assert b"127.0.0.1:9/" in files["a playlist with an address.m3u8"].read_bytes()
    assert files["a folder.png"].is_dir()
    clip(tmp_path / "whole.mp4")
    assert Clip(str(tmp_path / "whole.mp4")).rate == 30
    assert files["cut off.mp4"].stat().st_size < (tmp_path / "whole.mp4").stat().st_size


@pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and devices are files only there")
def test_what_only_looks_like_a_file_is_there_too(tmp_path: Path):
    files = make_hostile_files(tmp_path, 9)
    assert stat.S_ISFIFO(files["a pipe.png"].stat().st_mode)
    assert stat.S_ISSOCK(files["a socket.png"].stat().st_mode)
    assert stat.S_ISCHR(files["a link to zero.png"].stat().st_mode)
    assert files["a link to itself.png"].is_symlink()


def test_the_picture_is_not_of_one_colour():
    assert picture().std() > 20


def test_messages_are_made_as_osc_has_them():
    (first, second) = parse(bundle(message("/vace/scale", "f", single(0.5)), message("/vace/prompt", "s", b"ice\0")))
    assert (first.address, first.arguments) == ("/vace/scale", (0.5,))
    assert second.arguments == ("ice",)


def test_every_control_that_takes_a_path_gets_every_text_and_file(tmp_path: Path):
    files = make_hostile_files(tmp_path, 9)
    attacks = list(all_attacks(files))
    names = [attack.name for attack in attacks]
    assert len(set(names)) == len(names)
    for address in PATH_CONTROLS:
        assert sum(attack.address == address for attack in attacks) >= len(TEXTS) + len(files)
    assert {"subscribing the program to itself", "seed 804822466654819"} <= {each.name for each in message_attacks()}


def _attack(**parts) -> Attack:
    return Attack("x", lambda stage: None, "/vace/scale", **parts)


@pytest.mark.parametrize(
    ("attack", "told", "after", "lines"),
    [
        (_attack(refused=True), True, (1.0,), []),
        (_attack(refused=True), False, (1.0,), ["its sender was not told"]),
        (_attack(refused=True), True, (9.0,), ["/vace/scale was left at (9.0,)"]),
        (_attack(), False, (0.5,), []),
        (_attack(), True, (1.0,), []),
        (_attack(), False, (1.0,), ["its sender was not told"]),
        (_attack(told=True), True, (0.5,), []),
        (_attack(told=True), False, (0.5,), ["its sender was not told"]),
        (_attack(allowed=((0.5,),)), False, (0.5,), []),
        (_attack(allowed=((0.5,),)), False, (9e-44,), ["/vace/scale became (9e-44,)"]),
    ],
)
def test_an_answer_is_judged_by_what_was_told_and_what_the_control_holds(attack, told, after, lines):
    assert attack.judge(told, (1.0,), after) == lines


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the limit is Linux's")
def test_a_full_disk_is_full_for_one_process_and_for_a_while(tmp_path: Path):
    file = tmp_path / "grows"
    with full_disk(psutil.Process()) as possible:
        assert possible
        with pytest.raises(OSError, match="File too large"):
            file.write_bytes(bytes(2 * FILE_BYTES))
    file.write_bytes(bytes(2 * FILE_BYTES))


def test_poison_is_taken_by_as_many_chunks_as_it_says(tmp_path: Path):
    file = poison.poison(tmp_path, poison.MEMORY, chunks=3)
    taken = [poison.due(file) for _ in range(5)]
    assert taken == [True, True, True, False, False]
    assert not file.exists()


def test_the_same_seed_tries_in_the_same_order(tmp_path: Path):
    files = make_hostile_files(tmp_path, 9)
    orders = [[attack.name for attack in shuffled(files, random.Random(seed))] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])
