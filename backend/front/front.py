"""A running show: it holds the parts, and says how they are doing. It never imports torch or waits for the engine."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import numpy as np

from bridge.control.mailbox import Mailbox
from bridge.video.ring import FrameRing

from ..controls.settings import Settings
from ..engine.messages import ChunkRequest
from ..engine.timeline import Span
from ..runtime.events import Events
from ..runtime.own_process import usage
from ..steering.quantise import DisplayTime
from ..steering.steering import Steering
from ..steering.tempo import ANCHOR, RESET, ShowTempo
from .capture import Capture
from .clock_source import ClockSource
from .latency import LatencyMs
from .options import RunOptions
from .outputs import Output
from .presenter import OutputSettings, Presenter
from .recorder import Recorder
from .side_input import SideInput
from .status import FrontStatus, show_state
from .supervisor import Supervisor

WAIT_SECONDS = 0.2
"""How often a show that is waited for is looked at."""


@dataclass(eq=False)
class Front:
    """A show, which runs until `with` ends; `build.open_front` begins one.

    height, width: pixels of the output. fps: frames per second that the engine makes at most. chunks, control_frames,
    mask_frames: rings with what the engine has made, and the control video and masks of it. opened: closes every part,
    in reverse order, so files are whole and no shared memory stays behind.
    """

    options: RunOptions
    height: int
    width: int
    fps: float
    mailbox: Mailbox
    steering: Steering
    outputs: list[Output]
    chunks: FrameRing
    control_frames: FrameRing
    mask_frames: FrameRing
    clock_source: ClockSource
    recorder: Recorder
    capture: Capture
    mask_input: SideInput
    control_input: SideInput
    supervisor: Supervisor
    presenter: Presenter
    tempo: ShowTempo
    events: Events
    opened: ExitStack = field(default_factory=ExitStack)
    panel_url: str | None = None
    panel_url_elsewhere: str | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def __enter__(self) -> Front:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = time.monotonic()
        self.opened.close()

    @property
    def failure(self) -> str | None:
        """Why there will be no restyled frame; None while there is hope."""
        return self.supervisor.failure

    def wait(self, seconds: float | None, stop: threading.Event) -> None:
        """Let the show run for so long (None: without end), until `stop` is set, or until the engine can't begin."""
        end = None if seconds is None else time.monotonic() + seconds
        while not stop.is_set() and not (self.failure and not self.supervisor.chunks):
            left = WAIT_SECONDS if end is None else min(WAIT_SECONDS, end - time.monotonic())
            if left <= 0:
                return
            stop.wait(left)

    def settings(self) -> Settings:
        """What the controls say now."""
        return Settings.from_values(self.mailbox.snapshot())

    def output_settings(self) -> OutputSettings:
        """What the controls say of the next tick."""
        settings = self.settings()
        return OutputSettings(
            freeze=settings.freeze,
            bypass=settings.bypass,
            blackout=settings.blackout,
            between=settings.output_between,
            latency=settings.output_latency,
            stall=settings.output_stall,
        )

    def chunk_request(self, span: Span | None) -> ChunkRequest:
        """The settings of the chunk that shows this span of the input; nothing is used up while there is none."""
        if span is None:
            values, happens = self.mailbox.snapshot(), set()
        else:
            delay = self.presenter.delay
            values, happens = self.tempo.values_for(DisplayTime(span.start + delay, span.end + delay))
        settings = Settings.from_values(values)
        mask_ring, control_ring = self.open_side_inputs(settings)
        return ChunkRequest(settings, RESET in happens, ANCHOR in happens, mask_ring, control_ring)

    def open_side_inputs(self, settings: Settings) -> tuple[str | None, str | None]:
        """Read the mask source and the control source of the settings from now on; the names of their rings."""
        return (
            self.mask_input.set_address(settings.mask_source.address),
            self.control_input.set_address(settings.control_source),
        )

    def previews(self) -> dict[str, np.ndarray]:
        """The newest frames by name, RGB uint8 `[H, W, 3]`; what the settings do not use is left out."""
        settings = self.settings()
        has_mask = settings.mask_source.kind != "none" or not settings.canvas.fills(self.height, self.width)
        newest = {
            "output": self.presenter.last_frame,
            "input": self.capture.ring.latest(),
            "control": None if settings.control == "none" else self.control_frames.latest(),
            "mask": self.mask_frames.latest() if has_mask else None,
        }
        return {name: frame.pixels[..., :3] for name, frame in newest.items() if frame is not None}

    def status(self) -> FrontStatus:
        """How the show is doing now; after its end, how it was doing in its last moment."""
        now, used = self.ended or time.monotonic(), usage()
        engine, presenter, capture = self.supervisor.status(now), self.presenter.status(now), self.capture.status(now)
        latency = LatencyMs.of(1000 * presenter.latency, engine.stages_ms, 1000 * presenter.tick_wait)
        return FrontStatus(
            state=show_state(engine.state, capture.lost, presenter.idle_for),
            output_fps=round(presenter.fps, 2),
            engine_fps=round(engine.fps, 2),
            distinct_fps=round(presenter.distinct_fps, 2),
            distinct_ms_p99=round(presenter.distinct_ms.p99, 1),
            latency_ms=round(latency.whole),
            gather_ms=round(engine.stages_ms.fill),
            generate_ms=round(engine.stages_ms.generate),
            annotate_ms=round(engine.stages_ms.annotate),
            encode_ms=round(engine.stages_ms.encode),
            denoise_ms=round(engine.stages_ms.denoise),
            decode_ms=round(engine.stages_ms.decode),
            wait_ms=round(latency.wait),
            tick_ms=round(latency.tick),
            seconds=round(now - self.began, 1),
            pipeline=self.options.model.pipeline,
            device=engine.device,
            precision=engine.runs_on.precision,
            attention=engine.runs_on.attention,
            graphs=engine.runs_on.graphs,
            graphs_recorded=engine.runs_on.recorded,
            mode=engine.mode,
            width=self.width,
            height=self.height,
            target_fps=self.fps,
            clock=self.clock_source.leader,
            clock_fps=round(1 / self.clock_source.clock().period, 2),
            clock_changes=self.clock_source.changes,
            chunk_ms=round(engine.chunk_ms, 1),
            chunks=engine.chunks,
            restarts=engine.restarts,
            hangs=engine.hangs,
            degraded=engine.degraded,
            loading=engine.loading,
            faults=self.events.total,
            last_fault=self.events.last,
            ticks=presenter.ticks,
            ticks_missed=presenter.missed,
            tick_error_p99_ms=round(presenter.tick_error_ms.p99, 3),
            ticks_starved=presenter.starved,
            ticks_mixed=presenter.mixed,
            delay_ms=round(1000 * presenter.delay),
            source=capture.uri,
            source_fps=round(capture.fps, 2),
            source_size="{1}x{0}".format(*capture.size) if capture.size[0] else "",
            source_cut=round(100 * capture.cut, 1),
            source_losses=capture.losses,
            source_size_changes=capture.size_changes,
            sent=sum(output.sent for output in self.outputs),
            not_sent=sum(output.dropped for output in self.outputs),
            recording=self.recorder.path,
            memory_mb=used.memory_mb,
            threads=used.threads,
            handles=used.handles,
            failed_sinks=", ".join(output.uri for output in self.outputs if output.failure),
            **self.tempo.status(now),
            cue="" if self.steering.cues is None else self.steering.cues.current,
            osc=None if self.steering.osc is None else replace(self.steering.osc.counters),
        )
