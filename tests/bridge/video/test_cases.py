"""Clips that people's programs stumble over, and the values that are right for them (`shared/cases`)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bridge.video.address import open_source
from bridge.video.clip import Clip

CASES = Path(os.environ.get("VACE_CASES", Path(__file__).parents[4] / "shared" / "cases"))
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases is not beside this checkout")
pytestmark = needs_cases


def frames_of(name: str) -> list[np.ndarray]:
    return [frame.pixels for frame in Clip(CASES / name).decode()]


def test_a_browser_recording_is_played_at_the_mean_of_its_times():
    clip = Clip(CASES / "mr_screen.webm")
    frames = list(clip.decode())
    assert clip.rate == pytest.approx(30, abs=1)
    assert len(frames) == 60
    assert frames[-1].time == pytest.approx(1.953)
    assert clip.end == pytest.approx(1.97, abs=0.03)


def test_frames_of_a_changing_rate_keep_their_times():
    clip = Clip(CASES / "vfr.mp4")
    times = [frame.time for frame in clip.decode()]
    assert (clip.rate, clip.end) == (30, pytest.approx(2.0))
    assert times == pytest.approx([number / 30 for number in range(30)] + [1 + number / 5 for number in range(5)])


def test_the_alpha_of_vp9_is_there():
    pixels = frames_of("alpha9.webm")[5]
    assert pixels.shape == (128, 192, 4)
    assert pixels[:, :90, 3].min() > 250
    assert pixels[:, 102:, 3].max() < 5


def test_a_circle_of_wide_pixels_is_round():
    picture = frames_of("sar.mp4")[0]
    assert picture.shape == (128, 192, 3)
    grey = picture.astype(int).mean(axis=2)
    inside = np.abs(grey - grey[0, 0]) > 60
    width, height = np.ptp(np.flatnonzero(inside.any(axis=0))) + 1, np.ptp(np.flatnonzero(inside.any(axis=1))) + 1
    assert (width, height) == (pytest.approx(79, abs=2), pytest.approx(79, abs=2))


def test_a_mirror_is_a_mirror():
    mirrored = frames_of("hflip.mp4")[0].astype(int)
    assert mirrored.shape == (128, 192, 3)
    corners = [mirrored[row, column].tolist() for row in (20, -20) for column in (20, -20)]
    assert np.abs(np.array(corners) - [[255, 255, 255], [0, 0, 0], [254, 0, 168], [255, 150, 0]]).max() < 12


def test_a_clip_of_a_phone_stands_upright():
    assert frames_of("rot90.mp4")[0].shape == (192, 128, 3)


def test_the_film_is_shown_and_not_its_cover():
    clip = Clip(CASES / "coverfirst.mkv")
    assert (clip.size, len(list(clip.decode()))) == ((192, 128), 10)


def test_the_white_of_hdr_is_white_on_a_screen():
    assert frames_of("pq.mp4")[0].reshape(-1, 3).mean(axis=0) == pytest.approx([235] * 3, abs=3)


def test_hd_without_tags_is_bt709():
    assert frames_of("green_hd_untagged.mp4")[0][360, 640].tolist() == pytest.approx([0, 192, 0], abs=3)


def test_an_odd_size_and_a_broken_rate_are_kept():
    clip = Clip(CASES / "odd5994.mkv")
    assert (clip.size, clip.rate) == ((101, 77), pytest.approx(59.94, abs=0.01))
    assert len(list(clip.decode())) == 60


@pytest.mark.parametrize("name", ["mr_screen.webm", "vfr.mp4", "alpha9.webm", "coverfirst.mkv", "pq.mp4"])
def test_each_plays_as_a_source(name: str):
    with open_source(f"file:{CASES / name}", 64, 64, 30) as source:
        assert source.read(1.0) is not None
