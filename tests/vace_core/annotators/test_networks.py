"""Networks that are not bundled: read from the folders where hubs put them, here tiny and of random weights."""

import json
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vace_core.annotators.depth_anything import PICTURES, VIDEO, VIDEO_FILE, DepthAnything, VideoDepthAnything
from vace_core.annotators.hub import from_repository, load_weights
from vace_core.annotators.objects import RT_DETR, TransformersDetector, Yolo
from vace_core.annotators.options import AnnotatorOptions, annotator_makers, detector_maker, segmenter_makers
from vace_core.annotators.raft import Raft
from vace_core.errors import CheckpointError

CPU = torch.device("cpu")


def frames(count: int = 3) -> torch.Tensor:
    return torch.rand((1, 3, count, 64, 96), generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a tiny Depth Anything and a tiny RT-DETR of two classes."""
    from transformers import (
        DepthAnythingConfig,
        DepthAnythingForDepthEstimation,
        Dinov2Config,
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrImageProcessor,
        RTDetrResNetConfig,
    )

    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("models")
    stages = [f"stage{n}" for n in (1, 2, 3, 4)]
    eye = Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, image_size=28, patch_size=14,
        out_features=stages, reshape_hidden_states=False,  # pyright: ignore[reportCallIssue]
    )  # fmt: skip
    depth = DepthAnythingConfig(
        backbone_config=eye, reassemble_hidden_size=16, neck_hidden_sizes=[4, 6, 8, 8],
        fusion_hidden_size=8, head_hidden_size=4,
    )  # fmt: skip
    net = DepthAnythingForDepthEstimation(depth)
    last: Any = net.head.conv3
    last.bias.data.fill_(10.0)  # or all that random weights see is infinitely far
    last.weight.data.mul_(1000.0)
    net.save_pretrained(root / PICTURES)
    eye = RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12, 16, 24], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=stages[1:],  # pyright: ignore[reportCallIssue]
    )  # fmt: skip
    detr = RTDetrConfig(
        backbone_config=eye, encoder_hidden_dim=16, encoder_in_channels=[12, 16, 24], encoder_ffn_dim=16,
        encoder_attention_heads=2, d_model=16, num_queries=10, decoder_in_channels=[16, 16, 16], decoder_ffn_dim=16,
        decoder_attention_heads=2, decoder_layers=1, decoder_n_points=2, id2label={0: "person", 1: "cup"},
        label2id={"person": 0, "cup": 1},
    )  # fmt: skip
    RTDetrForObjectDetection(detr).save_pretrained(root / RT_DETR)
    RTDetrImageProcessor(size={"height": 64, "width": 64}).save_pretrained(root / RT_DETR)
    return root


def test_depth_anything_is_read_from_its_folder_and_goes_on_from_call_to_call(folder):
    depth = DepthAnything([folder])
    whole = depth(frames())
    assert whole.shape == (1, 3, 3, 64, 96)
    assert -1 <= whole.min() < whole.max() <= 1
    depth.reset()
    pieces = [depth(frames()[:, :, :1]), depth(frames()[:, :, 1:])]
    assert torch.allclose(torch.cat(pieces, dim=2), whole, atol=1e-4)


def test_a_detector_of_transformers_is_read_from_its_folder_and_gives_boxes_with_names(folder):
    detector = TransformersDetector([folder], sure=0.0)
    assert detector.names == ("person", "cup")
    found = detector.detect(frames(2))
    assert len(found) == 2
    assert all(boxes for boxes in found)
    for box in found[0]:
        assert box.label in detector.names
        assert box.left <= box.right <= 96 + 48
        assert box.top <= box.bottom <= 64 + 32
    assert [box.score for box in found[0]] == sorted((box.score for box in found[0]), reverse=True)
    assert TransformersDetector([folder], sure=1.0).detect(frames(2)) == [[], []]


def test_the_choice_makes_what_it_names(folder):
    choice = AnnotatorOptions(depth="depth-anything-v2-small", detector="rt-detr")
    assert isinstance(annotator_makers(choice, [folder], CPU)["depth"](), DepthAnything)
    assert isinstance(detector_maker(choice, [folder], CPU)(), TransformersDetector)
    layout = annotator_makers(choice, [folder], CPU)["layout"]()
    assert layout(frames(1)).shape == (1, 3, 1, 64, 96)
    assert set(segmenter_makers(CPU)) == {"person", "subject"}


def test_what_is_missing_or_damaged_is_named_with_the_fix(tmp_path):
    with pytest.raises(ValueError, match=rf"{PICTURES} is not on this machine: run `hf download {PICTURES}`"):
        DepthAnything([tmp_path])
    with pytest.raises(ValueError, match=rf"run `hf download {RT_DETR}`"):
        TransformersDetector([tmp_path])
    broken = tmp_path / PICTURES
    broken.mkdir(parents=True)
    (broken / "config.json").write_text(json.dumps({"model_type": "depth_anything"}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"cannot be read .*download it again"):
        DepthAnything([tmp_path])


@pytest.mark.parametrize("error", [TypeError("a"), IndexError("b\nc"), AttributeError(), AssertionError()])
def test_whatever_a_damaged_repository_makes_its_library_raise_is_told_with_the_fix(tmp_path, error):
    def read(folder: str, local_files_only: bool) -> None:
        raise error

    (tmp_path / PICTURES).mkdir(parents=True)
    (tmp_path / PICTURES / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{PICTURES} in .* cannot be read .*download it again") as caught:
        from_repository(read, PICTURES, [tmp_path])
    assert str(caught.value).isprintable()


def test_a_repository_whose_weights_are_not_finite_is_told(folder, tmp_path):
    shutil.copytree(folder / PICTURES, tmp_path / PICTURES)
    path = tmp_path / PICTURES / "model.safetensors"
    content = load_file(path)
    content["head.conv3.bias"][0] = float("nan")
    save_file(content, path, {"format": "pt"})
    with pytest.raises(ValueError, match=r"head.conv3.bias holds NaN or infinite numbers.*download it again"):
        DepthAnything([tmp_path])


def test_weights_of_one_file_have_to_be_those_of_the_network(tmp_path):
    net, path = torch.nn.Linear(2, 2), tmp_path / "net.pth"
    torch.save({**torch.nn.Linear(2, 2).state_dict()}, path)
    load_weights(net, path)
    assert torch.equal(net.weight, torch.load(path)["weight"])
    torch.save({"weight": torch.zeros(3, 2)}, path)
    with pytest.raises(CheckpointError, match=r"net.pth holds other weights than expected"):
        load_weights(net, path)
    path.write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match=r"net.pth cannot be read as a torch file"):
        load_weights(net, path)


def test_a_file_that_yolo_cannot_read_is_named(monkeypatch, tmp_path):
    def refuse(weights: str) -> None:
        raise EOFError("ran out of input")

    monkeypatch.setitem(sys.modules, "ultralytics", types.SimpleNamespace(YOLO=refuse))
    (tmp_path / "yolov8n.pt").touch()
    with pytest.raises(ValueError, match=r"yolov8n.pt cannot be read by Ultralytics' package .*get it again"):
        Yolo([tmp_path])


def test_packages_that_are_not_installed_are_named_with_the_fix(monkeypatch, tmp_path):
    for name in ("ultralytics", "torchvision", "torchvision.models.optical_flow", "video_depth_anything"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"python start\.py pip install ultralytics.*AGPL-3\.0.*rt-detr"):
        Yolo([tmp_path])
    with pytest.raises(ValueError, match=r"python start\.py pip install torchvision.*--flow dis"):
        Raft()
    weights = tmp_path / VIDEO / VIDEO_FILE
    weights.parent.mkdir(parents=True)
    weights.touch()
    with pytest.raises(ValueError, match=r"video-depth-anything needs its package.*another --depth"):
        VideoDepthAnything([tmp_path])


class FakeYolo:
    """As Ultralytics' answers: boxes as tensors, names by number."""

    names = {0: "person", 16: "dog"}  # noqa: RUF012

    def __init__(self, weights: str) -> None:
        self.weights = weights

    def predict(self, pictures, conf, device, verbose):
        assert all(picture.shape == (64, 96, 3) and picture.dtype == np.uint8 for picture in pictures)
        boxes = types.SimpleNamespace(
            xyxy=torch.tensor([[1.0, 2, 30, 40], [5, 5, 9, 9]]),
            cls=torch.tensor([16.0, 0]),
            conf=torch.tensor([0.5, 0.9]),
        )
        return [types.SimpleNamespace(boxes=boxes) for _ in pictures]


def test_yolo_is_asked_as_its_package_wants(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ultralytics", types.SimpleNamespace(YOLO=FakeYolo))
    (tmp_path / "yolov8n.pt").touch()
    detector = Yolo([tmp_path])
    assert detector.names == ("person", "dog")
    assert detector._net.weights.endswith("yolov8n.pt")
    found = detector.detect(frames(2))
    assert [(box.label, box.left, box.bottom) for box in found[1]] == [("person", 5, 9), ("dog", 1, 40)]


class FakeVideoDepth(torch.nn.Module):
    """As the published streaming class: one frame a call, which it remembers."""

    def __init__(self, encoder: str, features: int, out_channels: list[int]) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen = 0

    def infer_video_depth_one(self, frame: np.ndarray, input_size: int, device: str, fp32: bool) -> np.ndarray:
        assert frame.shape == (64, 96, 3)
        self.seen += 1
        return frame.mean(axis=-1) / 25 + self.seen


def test_video_depth_anything_gets_frame_after_frame_and_forgets_at_a_reset(monkeypatch, tmp_path):
    module = types.SimpleNamespace(VideoDepthAnything=FakeVideoDepth)
    monkeypatch.setitem(sys.modules, "video_depth_anything", types.ModuleType("video_depth_anything"))
    monkeypatch.setitem(sys.modules, "video_depth_anything.video_depth_stream", module)
    weights = tmp_path / VIDEO / VIDEO_FILE
    weights.parent.mkdir(parents=True)
    torch.save(FakeVideoDepth("vits", 1, []).state_dict(), weights)
    depth = VideoDepthAnything([tmp_path])
    first = depth(frames())
    assert first.shape == (1, 3, 3, 64, 96)
    assert depth._net.seen == 3
    depth.reset()
    assert torch.equal(depth(frames()), first)
