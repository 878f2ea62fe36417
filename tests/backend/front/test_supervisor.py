"""The supervisor with a real engine process, whose model meets trouble."""

import errno
import logging
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.context import BaseContext
from pathlib import Path

import numpy as np
import psutil
import pytest

from backend.controls.settings import Settings
from backend.engine.messages import ChunkRequest, EngineStart, Loading, RingNames, RunsOn
from backend.engine.options import ModelOptions
from backend.engine.timeline import Span
from backend.front.engine_record import EngineStatus
from backend.front.limits import Limits
from backend.front.supervisor import Supervisor
from bridge.video.frames import Frame
from bridge.video.ring import FrameRing

from ..troubled_model import lives_in
from ..waiting import wait_for

HEIGHT, WIDTH, FPS = 64, 96, 60.0
QUICK = Limits(backoff=0.05, longest_backoff=0.4)
LOAD = "tests.backend.troubled_model:load"

pytestmark = pytest.mark.usefixtures("prepared_engines")


class Rig:
    """A supervisor with rings, a source that gives noise, and settings that a test changes."""

    def __init__(
        self,
        folder: Path,
        limits: Limits = QUICK,
        load: str = LOAD,
        devices: tuple[str, ...] = (),
        **callbacks: object,
    ) -> None:
        self.folder, self.settings, self.told = folder, Settings(prompt="red", control="none"), []
        self.rings = {name: self._ring() for name in ("source", "chunks", "control", "mask")}
        self.request: Callable[[Span | None], ChunkRequest] = self.plain_request
        self._over = threading.Event()
        self._source = threading.Thread(target=self._feed, daemon=True)
        self.start = EngineStart(
            load=load,
            model=ModelOptions(models=(folder,), devices=devices),
            height=HEIGHT,
            width=WIDTH,
            fps=FPS,
            rings=self.names(),
        )
        on_fault = callbacks.pop("on_fault", lambda address, reason: self.told.append(reason))
        self.supervisor = Supervisor(self.start, lambda span: self.request(span), on_fault, limits, **callbacks)  # type: ignore[arg-type]

    def names(self) -> RingNames:
        return RingNames(**{name: ring.name for name, ring in self.rings.items()})

    def plain_request(self, span: Span | None) -> ChunkRequest:
        return ChunkRequest(self.settings, reset=False, anchor=False, mask_ring=None, control_ring=None)

    def steer(self, **values: object) -> None:
        self.settings = replace(self.settings, **values)  # type: ignore[arg-type]

    @property
    def status(self) -> EngineStatus:
        return self.supervisor.status(time.monotonic())

    @property
    def lives(self) -> int:
        return lives_in(self.folder)

    def wait_for_chunks(self, more: int = 1) -> None:
        before = self.supervisor.chunks
        wait_for(lambda: self.supervisor.chunks >= before + more, f"{more} more chunks")

    def wait_until_told(self, words: str) -> str:
        wait_for(lambda: any(words in reason for reason in self.told), f"{words!r}, told were {self.told}")
        return next(reason for reason in self.told if words in reason)

    def newest(self) -> np.ndarray:
        """The newest frame that the engine has handed out."""
        frame = self.rings["chunks"].latest()
        assert frame is not None
        return frame.pixels

    def colours(self) -> set[tuple[int, ...]]:
        """Of the frames that are still in the ring, in their middle."""
        frames = self.rings["chunks"].since(-1)
        return {tuple(int(value) for value in frame.pixels[HEIGHT // 2, WIDTH // 2]) for frame in frames}

    def open(self) -> None:
        self._source.start()
        self.supervisor.start()

    def close(self) -> None:
        self.supervisor.stop()
        self._over.set()
        self._source.join()
        for ring in self.rings.values():
            ring.close()

    def remake(self, name: str) -> None:
        self.rings[name] = self._ring()

    def _ring(self) -> FrameRing:
        return FrameRing.create(f"vacetest{secrets.token_hex(4)}", 64, HEIGHT, WIDTH)

    def _feed(self) -> None:
        number, chance = 0, np.random.default_rng(1)
        while not self._over.wait(1 / FPS):
            pixels = chance.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
            self.rings["source"].write(Frame(pixels, number, time.monotonic()))
            number += 1


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.open()
    yield made
    made.close()


STOPPED = ("was stopped from outside", "hangs: it neither speaks nor does anything")
"""How that is known, by what is seen first."""


@pytest.fixture
def running(rig: Rig) -> Rig:
    rig.wait_for_chunks(3)
    return rig


def engine(rig: Rig) -> psutil.Process:
    assert rig.supervisor.pid is not None
    return psutil.Process(rig.supervisor.pid)


def test_the_status_names_the_device_and_what_the_stream_runs_on(running: Rig):
    assert running.status.device == "cpu"
    assert running.status.runs_on == RunsOn("fake", "on", 2)


def test_what_an_engine_does_while_it_loads_is_known_until_it_is_ready(rig: Rig, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, "backend.front.supervisor")
    rig.supervisor._receive(None, Loading("compiling something else"))  # type: ignore[arg-type]
    assert rig.status.loading == "compiling something else"
    rig.wait_for_chunks()
    assert "the engine loads: compiling a fake" in caplog.text
    assert rig.status.loading == ""


def test_a_stopped_engine_is_known_and_replaced_and_the_controls_are_kept(running: Rig):
    first = engine(running)
    running.steer(prompt="blue")
    first.suspend()
    wait_for(lambda: running.status.hangs == 1, "the stop to be known")
    wait_for(lambda: not first.is_running(), "its end")
    running.wait_for_chunks(3)
    assert running.colours() >= {(0, 0, 255)}
    assert running.status.last_end.startswith(STOPPED)
    running.wait_until_told("it is started again")


def test_an_engine_that_is_stopped_while_it_loads_is_known_too(rig: Rig):
    (rig.folder / "sleep").touch()
    wait_for(lambda: rig.lives == 1, "the load")
    assert rig.status.loading_for > 0.0
    assert rig.status.state == "starting"
    (rig.folder / "sleep").unlink()
    engine(rig).suspend()
    wait_for(lambda: rig.status.hangs == 1, "the stop to be known")
    assert rig.status.last_end.startswith(STOPPED)
    rig.wait_for_chunks()


def test_a_load_that_does_nothing_has_a_limit_that_the_first_load_sets(tmp_path: Path):
    rig = Rig(tmp_path, replace(QUICK, reload=1.0, reload_times=1.0))
    rig.open()
    rig.wait_for_chunks(2)
    (tmp_path / "sleep").touch()
    engine(rig).kill()
    rig.wait_until_told("has not loaded its model in")
    (tmp_path / "sleep").unlink()
    rig.wait_for_chunks()
    rig.close()


def test_a_step_that_hangs_is_known_although_the_heart_beats(tmp_path: Path):
    running = Rig(tmp_path, replace(QUICK, starved=3.0))  # or a machine that is busy may have taken its time for longer
    running.open()
    running.wait_for_chunks(3)
    running.steer(prompt="hang")
    wait_for(lambda: running.status.hangs == 1, "the hang to be known")
    assert "in a chunk" in running.status.last_end, "by its beats it is known what it was at"
    running.steer(prompt="green")
    running.wait_for_chunks()
    assert running.status.restarts == 1
    running.close()


def test_killed_engines_come_back_each_time_and_the_backoff_does_not_grow(running: Rig):
    for kills in range(1, 5):
        engine(running).kill()
        wait_for(lambda: running.status.restarts == kills, "the death to be known")  # noqa: B023
        assert running.status.state == "restarting"
        running.wait_for_chunks(2)
        assert running.supervisor._backoff == 2 * QUICK.backoff if kills > 1 else True


def test_a_load_that_fails_after_a_good_life_is_tried_until_it_succeeds(running: Rig):
    (running.folder / "fail").touch()
    engine(running).kill()
    wait_for(lambda: running.lives >= 4, "several loads")
    assert running.supervisor.failure is None
    assert running.status.state == "restarting"
    running.wait_until_told("cannot load its model: CUDA error: the device is not free yet")
    (running.folder / "fail").unlink()
    running.wait_for_chunks(2)


def test_a_first_load_that_fails_is_final(tmp_path: Path):
    (tmp_path / "fail").touch()
    rig = Rig(tmp_path)
    rig.open()
    wait_for(lambda: rig.supervisor.failure, "the failure")
    assert rig.status.state == "failed"
    assert rig.lives == 1
    rig.close()


def test_without_descriptors_it_tries_again_and_again_and_logs_little(running: Rig, monkeypatch, caplog):
    def exhausted(self, duplex: bool = True):
        tried.append(duplex)
        raise OSError(errno.EMFILE, "Too many open files")

    tried: list[bool] = []
    caplog.set_level(logging.INFO)
    with monkeypatch.context() as patched:
        patched.setattr(BaseContext, "Pipe", exhausted)
        engine(running).kill()
        wait_for(lambda: len(tried) >= 4, "several tries")
        assert running.status.state == "restarting"
        assert running.status.last_end.startswith("cannot be started")
    running.wait_for_chunks()
    assert len(caplog.text) < 20_000


@pytest.mark.faults
def test_errors_of_the_front_are_told_and_the_settings_before_are_used(running: Rig):
    def refuse(span: Span | None) -> ChunkRequest:
        raise RecursionError("a value that nobody foresaw")

    running.request = refuse
    running.wait_until_told("the settings of this chunk can't be had (RecursionError: a value that nobody foresaw)")
    running.wait_for_chunks(3)
    assert running.colours() == {(255, 0, 0)}
    assert running.status.restarts == 0


@pytest.mark.faults
def test_whoever_is_told_may_fail(tmp_path: Path):
    def fail(address: str | None, reason: str) -> None:
        raise KeyError(reason)

    rig = Rig(tmp_path, on_fault=fail)
    rig.open()
    rig.steer(prompt="raise")
    wait_for(lambda: rig.status.faults >= 2, "faults")
    rig.steer(prompt="red")
    rig.wait_for_chunks(2)
    assert rig.status.restarts == 0
    rig.close()


def test_what_cannot_be_read_from_the_pipe_ends_the_engine_and_not_the_supervisor(running: Rig, monkeypatch):
    from multiprocessing.connection import Connection

    received = Connection.recv
    poisoned = threading.Event()

    def recv(self: Connection) -> object:
        if poisoned.is_set():
            poisoned.clear()
            received(self)
            raise ModuleNotFoundError("No module named 'nowhere'")
        return received(self)

    monkeypatch.setattr(Connection, "recv", recv)
    poisoned.set()
    running.wait_until_told("said what cannot be read (ModuleNotFoundError: No module named 'nowhere')")
    running.wait_for_chunks()
    assert running.supervisor.running


def test_rings_that_were_removed_are_made_anew_and_the_engine_is_given_those(tmp_path: Path):
    def remake() -> RingNames:
        rig.remake("chunks")
        return rig.names()

    rig = Rig(tmp_path, on_rings_lost=remake)
    gone = rig.rings["chunks"].name
    rig.rings["chunks"].close()
    rig.open()
    rig.wait_until_told("has lost what it shares with the program")
    assert any(gone in reason for reason in rig.told)
    rig.wait_for_chunks(2)
    rig.close()


def test_rings_that_nobody_makes_anew_are_told_and_looked_for_with_pauses(tmp_path: Path):
    rig = Rig(tmp_path)
    rig.rings["mask"].close()
    rig.open()
    wait_for(lambda: rig.status.restarts >= 2, "restarts")
    rig.wait_until_told("has lost what it shares with the program")
    assert rig.supervisor._backoff > QUICK.backoff
    assert rig.status.state == "restarting"
    rig.close()


def test_a_stop_ends_even_a_supervisor_that_is_stuck_in_the_front(tmp_path: Path, caplog):
    rig = Rig(tmp_path, replace(QUICK, stop=0.2))
    rig.open()
    rig.wait_for_chunks()
    go_on, process = threading.Event(), engine(rig)
    rig.request = lambda span: go_on.wait(60) and rig.plain_request(span)  # type: ignore[assignment, return-value]
    wait_for(lambda: rig.status.since_chunk > 0.5, "it to be stuck")  # type: ignore[operator]
    rig.supervisor.stop()
    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "the engine's end")
    assert "the supervisor does not end" in caplog.text
    go_on.set()
    rig.close()


def test_a_picture_that_is_not_a_number_is_never_handed_out_and_the_stream_begins_anew(running: Rig):
    running.steer(prompt="nan once")
    running.wait_until_told("the picture was not a number (NaN or infinite); the stream begins anew")
    running.wait_for_chunks(3)
    assert running.status.restarts == 0
    assert running.status.degraded == ""


@pytest.mark.parametrize("prompt", ["nan", "infinite latents"])
def test_pictures_that_stay_not_numbers_are_met_with_a_restart_and_then_with_advice(running: Rig, prompt: str):
    running.steer(prompt=prompt)
    running.wait_until_told("once more; the engine starts again")
    running.wait_until_told("after a fresh start too; try another prompt")
    written = running.rings["chunks"].written
    wait_for(lambda: running.status.state == "degraded", "the state")
    assert running.status.degraded.startswith("no picture: ")
    lives, faults = running.lives, running.status.faults
    wait_for(lambda: running.status.faults >= faults + 2, "two more tries")
    assert running.lives == lives, "it does not start again and again"
    assert running.rings["chunks"].written == written, "nothing of it is handed out"
    running.steer(prompt="green")
    running.wait_for_chunks(2)
    assert running.status.degraded == ""
    assert running.status.restarts == 1
    assert (0, 255, 0) in running.colours()


def test_a_lora_that_is_played_is_named_where_the_picture_is_not_a_number(tmp_path: Path):
    rig = Rig(tmp_path)
    weights = replace(rig.start.model.weights, loras=(Path("good.safetensors"), Path("shows/bad.safetensors")))
    rig.supervisor._start = replace(rig.start, model=replace(rig.start.model, weights=weights))
    rig.steer(prompt="nan", lora_1=0.0, lora_2=0.7)
    rig.open()
    rig.wait_until_told("after a fresh start too; set /vace/lora/2 (bad.safetensors) to 0")
    rig.close()


def test_a_picture_of_one_colour_is_met_with_a_fresh_stream_once_and_then_taken(running: Rig):
    running.steer(prompt="black")
    running.wait_until_told("of one colour all over")
    running.wait_for_chunks(3)
    assert (0, 0, 0) in running.colours()
    assert running.status.restarts == 0
    assert sum("one colour" in reason for reason in running.told) == 1


def test_memory_that_runs_out_takes_rung_by_rung_and_is_told_each_time(running: Rig):
    running.steer(prompt="budget 4", reference=("nowhere.png",))
    for rung in ("decoding in one go", "previews", "references", "a quarter of the size"):
        running.wait_until_told(f"out of memory: {rung} is given up")
    running.wait_for_chunks(3)
    assert running.status.state == "degraded"
    rungs = "decoding in one go, previews, references, a quarter of the size"
    assert running.status.degraded == f"out of memory: without {rungs}"
    assert running.newest().shape == (HEIGHT, WIDTH, 3), "at the show's size"
    assert running.status.restarts == 0
    running.steer(prompt="budget 0.1")
    running.wait_until_told("half of the size is given up")
    running.wait_until_told("are given up: close what else uses the device")
    running.steer(prompt="blue")
    running.wait_for_chunks(2)
    assert (0, 0, 255) in running.colours()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal between processes")
def test_ctrl_c_in_the_terminal_does_not_end_the_engine(running: Rig):
    pid = running.supervisor.pid
    engine(running).send_signal(signal.SIGINT)
    running.wait_for_chunks(3)
    assert running.supervisor.pid == pid
