import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from backend.front.recorder import Recorder
from bridge.video.clip import Clip
from bridge.video.frames import Frame
from tests.backend.waiting import wait_for


def recorded(folder: Path, told: list[str]) -> Recorder:
    return Recorder(folder, 64, 48, 25.0, told.append)


def send(recorder: Recorder, frames: int) -> None:
    for number in range(frames):
        recorder.send(Frame(np.full((48, 64, 3), number * 9 % 250, np.uint8), number, number / 25))
        time.sleep(0.005)  # no faster than the file can be written


def test_each_time_it_is_switched_on_a_new_file_is_made_and_is_whole_when_it_is_off(tmp_path: Path):
    told: list[str] = []
    recorder = recorded(tmp_path / "new", told)
    send(recorder, 5)
    files = []
    for frames in (30, 10):
        recorder.turn(True)
        wait_for(lambda: recorder.path, "a file")
        files.append(Path(recorder.path))
        send(recorder, frames)
        recorder.turn(False)
        wait_for(lambda: not recorder.path, "its end")
    recorder.close()
    assert sorted((tmp_path / "new").iterdir()) == sorted(set(files))
    wait_for(lambda: Clip(files[0]).frames, "the first file")
    assert [len(list(Clip(path).decode())) for path in files] == [30, 10]
    assert told == []


def test_what_is_being_recorded_at_the_end_of_the_show_is_whole(tmp_path: Path):
    recorder = recorded(tmp_path, [])
    recorder.turn(True)
    wait_for(lambda: recorder.path, "a file")
    path = recorder.path
    send(recorder, 12)
    recorder.close()
    assert len(list(Clip(path).decode())) == 12


def test_a_folder_that_cannot_be_made_is_told_of_and_the_switch_may_be_tried_again(tmp_path: Path):
    told: list[str] = []
    (tmp_path / "taken").write_text("a file")
    recorder = recorded(tmp_path / "taken", told)
    recorder.turn(True)
    wait_for(lambda: told, "the reason")
    assert "taken" in told[0]
    assert told[0].startswith("nothing is recorded")
    assert recorder.path == ""
    recorder.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full, a disk that is always full")
def test_a_full_disk_ends_the_recording_and_is_told_and_another_can_begin(tmp_path: Path, monkeypatch):
    told: list[str] = []
    recorder = recorded(tmp_path, told)
    monkeypatch.setattr("bridge.video.file.writable_file", Path)  # which would refuse a device
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    names = iter([tmp_path / "full.mp4", tmp_path / "good.mp4"])
    monkeypatch.setattr(recorder, "_fresh", lambda: next(names))
    recorder.turn(True)
    wait_for(lambda: recorder.path, "a file")
    send(recorder, 100)
    wait_for(lambda: told, "the reason")
    assert told[0].startswith("the recording has ended")
    assert "No space left" in told[0]
    wait_for(lambda: not recorder.path, "its end")
    recorder.turn(True)
    wait_for(lambda: recorder.path, "another file")
    send(recorder, 12)
    recorder.close()
    assert len(list(Clip(tmp_path / "good.mp4").decode())) == 12
    assert len(told) == 1


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffmpeg's ffprobe (Debian package ffmpeg)")
def test_ffmpeg_reads_what_was_recorded(tmp_path: Path):
    recorder = recorded(tmp_path, [])
    recorder.turn(True)
    wait_for(lambda: recorder.path, "a file")
    path = recorder.path
    send(recorder, 50)
    recorder.close()
    probe = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0"]
    probe += ["-show_entries", "stream=codec_name,width,height,r_frame_rate,nb_read_frames", "-of", "csv=p=0", path]
    said = subprocess.run(probe, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip() == "h264,64,48,25/1,50"
    assert said.stderr == ""
