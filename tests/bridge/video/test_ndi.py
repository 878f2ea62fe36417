"""NDI, with the real library: from a sender of this process through the network to a source of it."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video import ndi
from bridge.video.address import open_sink, open_source
from bridge.video.frames import Frame
from bridge.video.ndi import NdiSink, NdiSource

SIZE = (64, 48, 30.0)  # width, height, rate


@pytest.fixture(scope="module", autouse=True)
def this_machine_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Senders are looked for on the loopback, as test machines often have no multicast."""
    pytest.importorskip("cyndilib", reason="cyndilib has no package for this Python or system")
    folder: Path = tmp_path_factory.mktemp("ndi")
    settings = {"ndi": {"networks": {"ips": "127.0.0.1,", "discovery": ""}}}
    (folder / "ndi-config.v1.json").write_text(json.dumps(settings))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NDI_CONFIG_DIR", str(folder))
        yield


@pytest.fixture
def name() -> str:
    return f"vacetest {secrets.token_hex(4)}"


def picture(width: int = 64, height: int = 48, channels: int = 4) -> np.ndarray:
    """Red at the top left, green at the top right, blue below, half transparent."""
    pixels = np.zeros((height, width, channels), np.uint8)
    pixels[: height // 2, : width // 2, 0] = 200
    pixels[: height // 2, width // 2 :, 1] = 200
    pixels[height // 2 :, :, 2] = 200
    if channels == 4:
        pixels[..., 3] = 128
    return pixels


def passed(sink: NdiSink, source: NdiSource, sent: np.ndarray, wanted: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The first picture that is wanted, while `sent` is sent over and over."""
    for number in range(600):
        sink.send(Frame(sent, number, 0.0))
        seen = source.read(0.05)
        if seen is not None and wanted(seen.pixels):
            return seen.pixels
    raise AssertionError("it did not come")


def while_it_lasts(source: NdiSource) -> None:
    for _ in range(600):
        source.read(0.05)


def opposite_quarters(pixels: np.ndarray) -> list[list[int]]:
    """Colours in the middle of top left, top right and bottom."""
    height, width = pixels.shape[:2]
    spots = ((height // 4, width // 4), (height // 4, 3 * width // 4), (3 * height // 4, width // 2))
    return [pixels[spot].tolist() for spot in spots]


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_arrives_upright_with_its_colours_and_alpha(name: str, channels: int):
    with NdiSink(name, *SIZE) as sink, NdiSource(name, *SIZE) as source:
        seen = passed(sink, source, picture(channels=channels), lambda pixels: pixels.shape[:2] == (48, 64))
        assert source.describe() == f"NDI sender {source.name!r}, 64x48"
    assert source.name.endswith(f" ({name})")
    near = pytest.approx
    expected = [[200, 0, 0], [0, 200, 0], [0, 0, 200]]
    assert [spot[:3] for spot in opposite_quarters(seen)] == [near(colour, abs=12) for colour in expected]
    alpha = 255 if channels == 3 or seen.shape[2] == 3 else 128
    assert seen.shape[2] == 3 or seen[..., 3].mean() == near(alpha, abs=3)
    assert channels == 3 or seen.shape[2] == 4


def test_another_size_is_followed(name: str):
    with NdiSink(name, *SIZE) as sink, NdiSource(name, *SIZE) as source:
        for width, height in ((64, 48), (128, 96)):
            sent = picture(width, height)
            seen = passed(sink, source, sent, lambda pixels, size=(height, width): pixels.shape[:2] == size)
            assert seen.shape == (height, width, 4)


def test_each_frame_is_given_once_with_its_number(name: str):
    with NdiSink(name, *SIZE) as sink, NdiSource(name, *SIZE) as source:
        passed(sink, source, picture(), lambda pixels: True)
        while source.read(0.3) is not None:
            pass
        sink.send(Frame(picture(), 0, 0.0))
        assert source.read(5.0) is not None
        assert source.read(0.3) is None


def test_a_sender_that_goes_is_told(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ndi, "GONE_SECONDS", 0.2)
    sink = NdiSink(name, *SIZE)
    with NdiSource(name, *SIZE) as source:
        passed(sink, source, picture(), lambda pixels: True)
        sink.close()
        with pytest.raises(BridgeError, match=f"the NDI sender '.*{name}.*' has gone"):
            while_it_lasts(source)


def test_a_sender_that_is_not_there_is_told_with_those_that_are(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ndi, "FIND_SECONDS", 2.0)
    with NdiSink(name, *SIZE), pytest.raises(BridgeError, match="no NDI sender 'nonesuch'; there is") as refusal:
        NdiSource("nonesuch", *SIZE)
    assert f"({name})" in str(refusal.value)


class Finds:
    """A network with two machines that send under the same name."""

    def get_source_names(self) -> list[str]:
        return ["ONE (cam)", "TWO (cam)", "TWO (wide)"]


def test_a_name_that_two_machines_have_is_asked_about():
    with pytest.raises(BridgeError, match=r"more than one sender; write which: ONE \(cam\), TWO \(cam\)"):
        ndi._found(Finds(), "cam")
    assert ndi._found(Finds(), "wide") == "TWO (wide)"
    assert ndi._found(Finds(), "ONE (cam)") == "ONE (cam)"


def test_a_source_needs_a_name():
    with pytest.raises(BridgeError, match="ndi: needs the name of a sender, as ndi:NAME"):
        open_source("ndi:", *SIZE)


@pytest.mark.parametrize("opener", [open_source, open_sink])
def test_a_missing_package_is_named_with_what_installs_it(opener: Callable, monkeypatch: pytest.MonkeyPatch):
    for module in [module for module in sys.modules if module.startswith("cyndilib")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "cyndilib", None)
    with pytest.raises(BridgeError, match=r"python start\.py pip install cyndilib==0\.1\.3"):
        opener("ndi:wall", *SIZE)
