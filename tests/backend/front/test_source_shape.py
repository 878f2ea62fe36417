"""The output has the shape of a live input that is sent when the show begins; any other is fitted, which is told."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from backend.front import source_shape as module
from backend.front.build import open_front
from backend.front.options import RunOptions
from backend.front.source_shape import open_with_size
from bridge.errors import BridgeError
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing
from tests.backend.waiting import wait_for

SIZE = (128, 192)


class Sender:
    """Another program that sends pictures of one size, until that is changed."""

    def __init__(self, height: int, width: int) -> None:
        self.size = (height, width)
        self.name = f"vacetest{secrets.token_hex(4)}"
        self._ring = FrameRing.create(self.name, 4, 640, 640, 3)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._ring.__exit__(None, None, None)

    @property
    def uri(self) -> str:
        return f"shm:{self.name}"

    def _run(self) -> None:
        while not self._stopping.wait(0.02):
            picture = np.full((*self.size, 3), 90, np.uint8)
            self._ring.write(Frame(picture, self._ring.written, time.monotonic()))


@contextmanager
def show(source: str, **more: object) -> Iterator:
    options = RunOptions(source=source, sinks=("null:",), fps=30.0, load="tests.backend.fake_model:load", **more)  # type: ignore[arg-type]
    with open_front(options) as front:
        yield front


@pytest.mark.parametrize(("sent", "made"), [((640, 360), (208, 112)), ((400, 400), (160, 160)), ((320, 480), SIZE)])
def test_the_output_has_the_shape_of_a_live_source_that_is_sent(sent, made):
    with Sender(*sent) as sender, show(sender.uri) as front:
        assert (front.height, front.width) == made
        wait_for(lambda: front.status().source_size == f"{sent[1]}x{sent[0]}", "a frame")
        assert front.status().source_cut < 5, "what the rounding of the sides costs"


@pytest.mark.parametrize("given", [{"height": 128}, {"width": 192}, {"fit": "contain"}, {"fit": "stretch"}])
def test_it_has_not_where_a_size_or_another_fit_is_given(given):
    with Sender(640, 360) as sender, show(sender.uri, **given) as front:
        assert (front.height, front.width) == SIZE


def test_a_source_that_is_not_sent_yet_is_said_and_what_comes_is_fitted_and_said(caplog):
    sender = Sender(640, 360)
    sender._ring.__exit__(None, None, None)
    with show(sender.uri) as front:
        assert (front.height, front.width) == SIZE
        assert "not known" in caplog.text
        assert "--width" in caplog.text
        assert (front.status().source_size, front.status().source_cut) == ("", 0.0)
        late = Sender(640, 360)
        sender.name = late.name
        front.mailbox.set("/vace/source", late.uri)
        with late:
            wait_for(lambda: front.status().source_size == "360x640", "its frames")
            assert front.status().source_cut == pytest.approx(62.5, abs=0.5)
            assert "62 % of it is cut off" in caplog.text


def test_a_change_of_shape_within_the_show_is_fitted_and_told():
    with Sender(320, 480) as sender, show(sender.uri) as front:
        wait_for(lambda: front.status().source_size == "480x320", "frames")
        assert front.status().source_cut == 0
        sender.size = (640, 360)
        wait_for(lambda: front.status().source_size == "360x640", "upright ones")
        assert front.status().source_cut > 60
        assert (front.height, front.width) == SIZE


def test_the_source_whose_size_was_looked_at_is_the_one_that_is_read(monkeypatch):
    opened: list[str] = []
    made = module.open_fitting

    def counted(uri: str, *arguments: object):
        opened.append(uri)
        return made(uri, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "open_fitting", counted)
    monkeypatch.setattr("backend.front.build.open_fitting", counted)
    monkeypatch.setattr("backend.front.capture.open_fitting", counted)
    with Sender(640, 360) as sender, show(sender.uri) as front:
        wait_for(lambda: front.status().source_size, "a frame")
        assert opened == [sender.uri]


class Broken:
    """A source that is closed when it can't be read."""

    def __init__(self, raised: Exception) -> None:
        self.raised, self.closed = raised, 0

    def read(self, timeout: float) -> Frame | None:
        raise self.raised

    def close(self) -> None:
        self.closed += 1


@pytest.mark.faults
@pytest.mark.parametrize("raised", [BridgeError("unplugged"), ZeroDivisionError()])
def test_a_source_that_fails_at_its_first_frame_is_closed_and_left_to_the_show(monkeypatch, raised):
    broken = Broken(raised)
    monkeypatch.setattr(module, "open_fitting", lambda *_: broken)
    assert open_with_size("camera:0", SIZE, 30.0) == (None, None)
    assert broken.closed == 1


def test_a_silent_source_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(module, "FIRST_FRAME_SECONDS", 0.2)
    with FrameRing.create(f"vacetest{secrets.token_hex(4)}", 4, 64, 64, 3) as ring:
        source, size = open_with_size(f"shm:{ring.name}", SIZE, 30.0)
        assert source is not None
        assert size is None
        source.close()


def test_a_show_that_cannot_begin_closes_the_source_that_it_has_opened(monkeypatch):
    closed: list[bool] = []
    with Sender(640, 360) as sender:
        made = module.open_fitting

        def noted(*arguments: object):
            source = made(*arguments)  # type: ignore[arg-type]
            close = source.close
            monkeypatch.setattr(source, "close", lambda: (closed.append(True), close()))
            return source

        monkeypatch.setattr(module, "open_fitting", noted)
        with pytest.raises(BridgeError), show(sender.uri, control_sinks=("nosuch:",)):
            pass
        assert closed == [True]
