"""What `vace_core` promises to a program that imports it, and what importing it costs."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import vace_core

PROMISED = {"PIPELINES", "Chunk", "Controls", "Reference", "Stream", "load"}
STREAM = {
    "attention", "fork", "frames_wanted", "height", "model", "record_calls", "recordings", "reference_modes", "reset",
    "restore", "settle", "snapshot", "state", "step", "width",
}  # fmt: skip
CONTROLS = (
    "prompt", "control", "source", "mask", "pin", "references", "reference_mode", "first", "last", "scale",
    "layer_scale", "step_scale", "hint_every", "seed", "video", "noise", "loras", "prompt_way", "in_parts",
)  # fmt: skip


def test_these_names_are_promised_and_no_others() -> None:
    assert set(vace_core.__all__) == PROMISED
    assert set(dir(vace_core)) >= PROMISED
    assert vace_core.Stream.__module__ == "vace_core.stream"
    assert vace_core.Reference.__module__ == "vace_core.conditioning.references"


def test_a_stream_has_these_members_and_no_others() -> None:
    stream = vace_core.Stream(vace_core.load("pocket"), 64, 64)
    assert {name for name in dir(stream) if not name.startswith("_")} == STREAM


def test_what_is_given_and_what_comes_back_has_these_fields() -> None:
    assert tuple(inspect.signature(vace_core.Controls).parameters) == CONTROLS
    assert tuple(inspect.signature(vace_core.Chunk).parameters) == ("frames", "mode", "index", "latents")
    assert tuple(inspect.signature(vace_core.Reference).parameters) == ("picture", "strength")
    assert tuple(inspect.signature(vace_core.load).parameters) == ("pipeline", "device", "store", "options", "text")


def test_a_stream_in_ten_lines() -> None:
    from vace_core import Controls, Stream, load

    model = load("pocket")
    stream = Stream(model, 64, 96)
    for _ in range(2):
        depth_video = torch.zeros(1, 3, stream.frames_wanted, 64, 96)
        chunk = stream.step(Controls(prompt="gold", control=depth_video))
        assert chunk is not None
        assert chunk.frames.shape == depth_video.shape


def test_load_stays_a_function_whatever_is_imported() -> None:
    code = (
        "import vace_core.load, vace_core; from vace_core import load; assert callable(load) and vace_core.load is load"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "code",
    [
        "import vace_core",
        "from vace_core import PIPELINES, load",
        "from vace_core.config import PIPELINES",
        "from vace_core.constants import FRAMES_PER_LATENT",
        "from vace_core.errors import CheckpointError",
        "from vace_core.checkpoints.options import LoadOptions",
        "from vace_core.checkpoints.store import Store",
        "import vace_core; dir(vace_core); vace_core.__version__",
    ],
)
def test_torch_is_not_imported_before_it_is_needed(code: str) -> None:
    heavy = "{'torch', 'numpy', 'transformers', 'cv2', 'safetensors'}"
    check = f"{code}\nimport sys\nassert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'vace_core' has no attribute 'Streem'"):
        vace_core.Streem  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_says_its_version_and_that_it_is_typed() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", vace_core.__version__)
    assert (Path(vace_core.__file__).parent / "py.typed").is_file()
