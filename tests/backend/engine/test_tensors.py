import numpy as np
import pytest
import torch

from backend.engine.frame_upload import FrameUpload
from backend.engine.tensors import to_still
from vace_core.annotators.pixels import pixels


def uploaded(frames: list[np.ndarray]) -> torch.Tensor:
    return FrameUpload("cpu")(frames)


FRAMES = np.random.default_rng(0).integers(0, 256, (5, 16, 32, 4), np.uint8)


@pytest.mark.parametrize("channels", [3, 4])
def test_frames_become_a_video_and_come_back_exactly_but_for_their_alpha(channels: int):
    video = uploaded(list(FRAMES[..., :channels]))
    assert (video.shape, video.dtype) == ((1, 3, 5, 16, 32), torch.float32)
    assert (pixels(video) == FRAMES[..., :3]).all()


def test_black_is_minus_one_and_white_is_one():
    frame = np.zeros((2, 2, 3), np.uint8)
    frame[:, 1] = 255
    assert uploaded([frame])[0, :, 0, 0].tolist() == [[-1.0, 1.0]] * 3


def test_a_still_is_one_frame_of_a_video():
    assert torch.equal(to_still(FRAMES[2], "cpu"), uploaded(list(FRAMES))[0, :, 2])
