"""Networks read from TensorFlow Lite's files: the numbers that others make of them, and errors that say what to do."""

import hashlib
import re

import cv2
import numpy as np
import pytest
import torch

from vace_core.annotators.person import WEIGHTS
from vace_core.annotators.tflite import TfliteNet
from vace_core.errors import CheckpointError

PERSON, POSE = WEIGHTS / "selfie_segmentation_landscape.tflite", WEIGHTS / "pose_landmark_lite.tflite"
LITERT = [114.85, 36.744, -78.997, 0.666, -1.599]


def test_opencv_makes_the_same_mask():
    net = TfliteNet(PERSON, ("segment_back",)).eval()
    picture = np.random.default_rng(0).random((1, 3, *net.size), np.float32)
    theirs = cv2.dnn.readNet(str(PERSON))
    theirs.setInput(picture)
    with torch.inference_mode():
        ours = net(torch.from_numpy(picture))["segment_back"].numpy()
    assert np.allclose(ours, theirs.forward(), rtol=1e-4, atol=1e-7)


def test_the_points_are_those_of_litert():
    """Made by ai-edge-litert 2.3.0 of the same picture."""
    net = TfliteNet(POSE, ("Identity", "Identity_1")).eval()
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 256), torch.linspace(0, 1, 256), indexing="ij")
    with torch.inference_mode():
        made = net(torch.stack((rows, columns, rows * columns))[None])
    assert made["Identity"][0, :5].tolist() == pytest.approx(LITERT, abs=0.01)
    assert made["Identity_1"].shape == (1, 1)


def test_what_a_wanted_output_does_not_need_is_not_kept():
    short, long = (TfliteNet(POSE, outputs) for outputs in (("Identity",), ("Identity", "Identity_2")))
    assert len(list(short.buffers())) < len(list(long.buffers()))


@pytest.mark.parametrize("path", [PERSON, POSE], ids=lambda path: path.stem)
def test_the_bundled_files_are_those_that_the_notice_names(path):
    notice = (WEIGHTS / "NOTICE.txt").read_text(encoding="utf-8")
    told = re.search(rf"{path.name}:.*?sha256 (\w+)", notice, re.DOTALL)
    assert told is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest() == told[1]
    assert "Apache License" in (WEIGHTS / "LICENSE.txt").read_text(encoding="utf-8")


def test_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no .*person\.tflite; restore it"):
        TfliteNet(tmp_path / "person.tflite", ("out",))
    for number, content in enumerate((b"", b"something else entirely", PERSON.read_bytes()[:1000])):
        path = tmp_path / f"damaged{number}.tflite"
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=rf"damaged{number}\.tflite: is no network that can be run here"):
            TfliteNet(path, ("segment_back",))


def test_an_output_that_is_not_there_is_an_error():
    with pytest.raises(CheckpointError, match="no network that can be run here"):
        TfliteNet(PERSON, ("elsewhere",))
