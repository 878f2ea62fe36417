"""Syphon, with a stand-in that has the calls of syphon-python 0.1.1; the real one runs on Macs only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from bridge.errors import BridgeError
from bridge.video.address import open_sink, open_source
from bridge.video.frames import Frame
from bridge.video.syphon import SyphonSink, SyphonSource

SIZE = (6, 4, 30.0)  # width, height, rate
PIXELS = np.arange(96, dtype=np.uint8).reshape(4, 6, 4)
RGBA8, BGRA8 = 70, 80


class Texture:
    def __init__(self, pixels: np.ndarray, form: int = RGBA8) -> None:
        self.pixels, self.form = pixels, form

    def pixelFormat(self) -> int:
        return self.form


class Server:
    """Keeps what it publishes as Syphon does: bottom row first."""

    running: list[Server]

    def __init__(self, name: str) -> None:
        self.name, self.app_name, self.device = name, "VDMX", object()
        self.texture: Texture | None = None
        self.frames = 0
        self.running.append(self)

    def publish_frame_texture(self, texture: Texture, *, is_flipped: bool = False) -> None:
        self.show(texture.pixels[::-1] if is_flipped else texture.pixels)

    def show(self, pixels: np.ndarray, form: int = RGBA8) -> None:
        self.texture = Texture(pixels.copy(), form)
        self.frames += 1

    def stop(self) -> None:
        self.running.remove(self)


class Client:
    def __init__(self, server: Server) -> None:
        self.server, self.seen, self.stopped = server, 0, False

    @property
    def is_valid(self) -> bool:
        return self.server in Server.running

    @property
    def has_new_frame(self) -> bool:
        return self.server.frames > self.seen

    @property
    def new_frame_image(self) -> Texture | None:
        self.seen = self.server.frames
        return self.server.texture

    def stop(self) -> None:
        self.stopped = True


class Directory:
    def __init__(self) -> None:
        self.run_loop_interval = 1.0

    @property
    def servers(self) -> list[Server]:
        assert self.run_loop_interval < 1.0, "it is waited for so long each time"
        return list(Server.running)


def copy_image_to_mtl_texture(image: np.ndarray, texture: Texture) -> None:
    assert image.shape == texture.pixels.shape
    texture.pixels[:] = image


@pytest.fixture(autouse=True)
def on_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    Server.running = []
    monkeypatch.setattr(sys, "platform", "darwin")
    raw = SimpleNamespace(create_mtl_texture=lambda device, w, h: Texture(np.zeros((h, w, 4), np.uint8)))
    arrays = SimpleNamespace(
        copy_image_to_mtl_texture=copy_image_to_mtl_texture,
        copy_mtl_texture_to_image=lambda texture: texture.pixels.copy(),
    )
    package = ModuleType("syphon")
    package.__dict__.update(SyphonMetalServer=Server, SyphonMetalClient=Client, SyphonServerDirectory=Directory)
    modules = {"syphon": package, "syphon.utils.raw": raw, "syphon.utils.numpy": arrays}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("channels", [3, 4])
def test_what_a_sink_sends_arrives_upright_also_in_another_size(channels: int):
    with SyphonSink("show", *SIZE) as sink, SyphonSource("show", *SIZE) as source:
        for pixels in (PIXELS, np.repeat(PIXELS, 2, axis=0)):
            sink.send(Frame(np.ascontiguousarray(pixels[..., :channels]), 0, 0.0))
            seen = source.read(1.0)
            assert seen is not None
            assert np.array_equal(seen.pixels[..., :channels], pixels[..., :channels])
            assert channels == 4 or (seen.pixels[..., 3] == 255).all()
        assert source.read(0.0) is None


def test_red_and_blue_are_told_apart_by_the_format():
    server = Server("TD")
    with SyphonSource("TD", *SIZE) as source:
        server.show(PIXELS[::-1, :, [2, 1, 0, 3]], BGRA8)
        seen = source.read(1.0)
    assert seen is not None
    assert np.array_equal(seen.pixels, PIXELS)


def test_a_server_is_found_by_its_name_its_program_or_none():
    Server("one")
    for name in ("one", "VDMX", ""):
        with SyphonSource(name, *SIZE) as source:
            assert source.describe() == "Syphon server 'one' of 'VDMX'"


def test_a_server_that_goes_is_told():
    server = Server("one")
    with SyphonSource("one", *SIZE) as source:
        server.stop()
        with pytest.raises(BridgeError, match="Syphon server 'one' of 'VDMX' has gone"):
            source.read(1.0)


def test_a_server_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(BridgeError, match="no Syphon server 'TD'; none is running"):
        SyphonSource("TD", *SIZE)
    Server("one")
    with pytest.raises(BridgeError, match="no Syphon server 'TD'; there is syphon:one"):
        SyphonSource("TD", *SIZE)


@pytest.mark.parametrize("opener", [open_source, open_sink])
def test_a_missing_package_is_named_with_what_installs_it(opener: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "syphon", None)
    with pytest.raises(BridgeError, match=r"python start\.py pip install syphon-python==0\.1\.1"):
        opener("syphon:TD", *SIZE)


@pytest.mark.parametrize("opener", [open_source, open_sink])
def test_on_another_system_the_address_says_what_to_take(opener: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(BridgeError, match="syphon: exists on macOS only"):
        opener("syphon:TD", *SIZE)
