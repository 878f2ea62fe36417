"""Pictures of every kind, read as they are meant; and what is refused, before it costs anything."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from backend.engine.still_tensors import StillTensors
from backend.imaging.stills import PictureError, is_still, read_still
from tests.bridge.video.test_cases import CASES, needs_cases
from tests.bridge.video.test_clip import claimed_png

COLOURS = np.zeros((12, 20, 3), np.uint8)
COLOURS[:6, :10], COLOURS[:6, 10:], COLOURS[6:, :10] = (250, 20, 30), (20, 240, 40), (30, 20, 230)


def saved(path: Path, pixels: np.ndarray = COLOURS, **options: Any) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "A.PNG"])
def test_a_picture_is_read_to_the_bit(tmp_path: Path, name: str):
    options: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {}
    assert is_still(name)
    np.testing.assert_array_equal(read_still(str(saved(tmp_path / name, **options))), COLOURS)


def test_grey_and_palettes_and_sixteen_bits_are_pictures(tmp_path: Path):
    grey = np.arange(240, dtype=np.uint8).reshape(12, 20)
    deep = tmp_path / "deep.png"
    Image.fromarray(grey.astype(np.uint16) * 257).save(deep)
    flat = saved(tmp_path / "grey.png", grey)
    palette = tmp_path / "palette.gif"
    Image.fromarray(COLOURS).quantize(8).save(palette.with_suffix(".png"))
    one_bit = tmp_path / "bit.png"
    Image.fromarray(grey > 120).save(one_bit)
    for path in (deep, flat):
        np.testing.assert_array_equal(read_still(str(path)), np.repeat(grey[..., None], 3, axis=2))
    assert np.abs(read_still(str(palette.with_suffix(".png"))).astype(int) - COLOURS).max() < 8
    assert set(np.unique(read_still(str(one_bit)))) == {0, 255}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_s_eight_ways_of_lying_are_undone(tmp_path: Path, orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = {
        1: COLOURS,
        2: COLOURS[:, ::-1],
        3: COLOURS[::-1, ::-1],
        4: COLOURS[::-1],
        5: COLOURS.swapaxes(0, 1),
        6: np.rot90(COLOURS, 1),
        7: COLOURS[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(COLOURS, -1),
    }[orientation]
    path = saved(tmp_path / "lying.png", np.ascontiguousarray(stored), exif=exif)
    np.testing.assert_array_equal(read_still(str(path)), COLOURS)


def test_alpha_is_there_for_who_wants_it_and_only_where_there_is_some(tmp_path: Path):
    cut = np.dstack([COLOURS, np.arange(240, dtype=np.uint8).reshape(12, 20)])
    path = str(saved(tmp_path / "cut.png", cut))
    np.testing.assert_array_equal(read_still(path, alpha=True), cut)
    np.testing.assert_array_equal(read_still(path), COLOURS)
    assert read_still(str(saved(tmp_path / "whole.png")), alpha=True).shape == (12, 20, 3)


@needs_cases
def test_the_pictures_of_the_cases_are_right():
    exif = read_still(str(CASES / "exif6.jpg"))
    assert exif.shape == (80, 60, 3)
    assert exif[0, 0].tolist() == pytest.approx([222, 121, 69], abs=8)
    for name, tolerance in (("cmyk.jpg", 4), ("d16.png", 1)):
        picture = read_still(str(CASES / name))
        assert picture.shape == (48, 64, 3)
        assert picture[0, 0].tolist() == pytest.approx([200, 100, 50], abs=tolerance)
        assert picture[0, 60].tolist() == pytest.approx([20, 40, 220], abs=tolerance)
    shape = read_still(str(CASES / "maskalpha_white.png"), alpha=True)
    assert shape[:, :32].min() == 255
    assert shape[:, 32:, 3].max() == 0


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(50_000, 50_000), (30_000, 30_000), (12_000, 12_000), (9000, 9000), (2**31 - 1, 1)])
def test_too_many_pixels_are_refused_by_what_the_file_claims(tmp_path: Path, size: tuple[int, int], monkeypatch):
    path = claimed_png(tmp_path / "huge.png", *size)
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(PictureError, match=r"huge\.png has .*make it smaller"):
        read_still(str(path))


def test_a_file_that_lies_or_was_cut_is_refused(tmp_path: Path):
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)).save(whole, "PNG")
    for name, data in {
        "lying.png": claimed_png(tmp_path / "x.png", 4000, 4000).read_bytes(),
        "cut.png": whole.getvalue()[:-4000],
        "empty.png": b"",
        "text.jpg": b"no picture " * 30,
        "renamed.jpg": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(PictureError, match=name) as refusal:
            read_still(str(path))
        assert "\n" not in str(refusal.value)
        assert ("HEIC" in str(refusal.value)) == (name == "renamed.jpg")


def test_numbers_without_a_white_and_animations_are_refused(tmp_path: Path):
    saved(tmp_path / "float.tif", np.ones((4, 4), np.float32))
    frames = [Image.new("RGB", (32, 32), (50 * number, 0, 0)) for number in range(4)]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], duration=100)
    for name, words in (("float.tif", "8 or 16 bits"), ("moving.webp", "is an animation")):
        with pytest.raises(PictureError, match=words):
            read_still(str(tmp_path / name))


@pytest.mark.parametrize("name", ["~nosuchuser/x.png", "a" * 300 + ".png", "zero\0.png", ".", "none.png"])
def test_names_that_are_no_picture_are_refused_everywhere(name: str):
    for read in (read_still, StillTensors(16, 16, "cpu").load):
        with pytest.raises(PictureError) as refusal:
            read(name)
        assert len(str(refusal.value)) < 400


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    for read in (read_still, StillTensors(16, 16, "cpu").load):
        with pytest.raises(PictureError, match="is a pipe"):
            read(str(tmp_path / "pipe.png"))


def test_a_tilde_is_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    saved(tmp_path / "a.png")
    np.testing.assert_array_equal(read_still("~/a.png"), COLOURS)
    assert StillTensors(16, 16, "cpu").load("~/a.png").shape == (3, 16, 16)
