"""The front process: frames in and out, controls, the page. It never imports torch and never waits for the engine."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bridge.control.mailbox import Mailbox
from bridge.video.frames import Frame
from bridge.video.protocol import Absent
from bridge.video.ring import FrameRing

from ..controls.declaration import address_of
from ..controls.settings import Settings
from ..controls.table import TABLE
from ..engine.messages import ChunkRequest, EngineStart, RingNames
from ..engine.options import ModelOptions
from ..engine.timeline import Span
from ..imaging.fitting import stream_size
from ..steering.quantise import DisplayTime
from ..steering.steering import Steering, SteeringOptions
from ..steering.tempo import ANCHOR, RESET, ShowTempo
from .capture import Capture, make_ring, open_fitting, source_rate
from .clock_source import ClockSource
from .outputs import Output
from .presenter import OutputSettings, Presenter
from .recorder import Recorder
from .side_input import SideInput
from .supervisor import Limits, Supervisor
from .synced_output import SyncedOutput

log = logging.getLogger(__name__)

TICK, SOURCE, RECORD = "/vace/tick", "/vace/source", "/vace/record"
SWITCH_INTERVAL = 0.001
"""Seconds that a thread may keep the interpreter from the presenter."""
SAME_FAULT_SECONDS = 10.0


@dataclass(frozen=True)
class RunOptions:
    """What the start of a live program fixes; None leaves a choice to pipeline and source.

    panel: (host, port), None for none. restore: begin with the values that the last show had. values: first values of
    controls, by address, which go before those. control_sinks, mask_sinks: where what is followed and what is restyled
    go for a look. recordings: the folder that `/vace/record` fills.
    """

    source: str
    sinks: tuple[str, ...] = ()
    model: ModelOptions = field(default_factory=ModelOptions)
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    panel: tuple[str, int] | None = None
    steering: SteeringOptions = field(default_factory=SteeringOptions)
    restore: bool = False
    values: dict[str, object] = field(default_factory=dict)
    recordings: Path = Path("recordings")
    verbose: bool = False
    control_sinks: tuple[str, ...] = ()
    mask_sinks: tuple[str, ...] = ()
    load: str = "backend.engine.load:load"
    limits: Limits = field(default_factory=Limits)


class Front:
    """A running show, from `with` to the end of it. Raises ValueError or BridgeError if it can't begin.

    Everything opened is closed in reverse order, so files are whole and no shared memory stays behind.
    """

    def __init__(self, options: RunOptions) -> None:
        preset = options.model.preset()
        self.options = options
        self.height, self.width = stream_size(options.height, options.width, preset)
        self.fps = options.fps or source_rate(options.source)
        self.mailbox = Mailbox(TABLE)
        self._began = time.monotonic()
        self._ended: float | None = None
        self.outputs: list[Output] = []
        self._told: dict[tuple[str | None, str], float] = {}
        self._stack = ExitStack()
        self.steering = Steering(options.steering, self.mailbox, self._notify, self._heartbeat)
        self.panel_url: str | None = None

    def __enter__(self) -> Front:
        sys.setswitchinterval(SWITCH_INTERVAL)
        cv2.setNumThreads(1)
        if self.options.restore:
            self.steering.restore()
        for address, value in self.options.values.items():
            if report := self.mailbox.set(address, value):
                log.warning("%s", report)
        with ExitStack() as opened:
            self._open(opened)
            self._stack = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = time.monotonic()
        self._stack.close()

    @property
    def failure(self) -> str | None:
        """Why there will be no restyled picture; None while there is hope."""
        return self.supervisor.failure

    def wait(self, seconds: float | None, stop: threading.Event) -> None:
        """Let the show run for so long (None: without end), until `stop` is set, or until the engine can't begin."""
        end = None if seconds is None else time.monotonic() + seconds
        while not stop.is_set() and not (self.failure and not self.supervisor.chunks):
            left = 0.2 if end is None else min(0.2, end - time.monotonic())
            if left <= 0:
                return
            stop.wait(left)

    def status(self) -> dict[str, Any]:
        """Figures and words for the page, the status line and `--json`; after the end, those of its last moment."""
        now = self._ended or time.monotonic()
        engine, presenter, capture = self.supervisor.status(now), self.presenter.status(now), self.capture.status(now)
        return {
            "state": "source lost" if capture.lost and engine.state == "running" else engine.state,
            "output_fps": round(presenter.fps, 2),
            "engine_fps": round(engine.fps, 2),
            "distinct_fps": round(presenter.distinct_fps, 2),
            "distinct_ms_p99": round(presenter.distinct_ms.p99, 1),
            "latency_ms": round(1000 * presenter.latency),
            "seconds": round(now - self._began, 1),
            "pipeline": self.options.model.pipeline,
            "device": engine.device,
            "mode": engine.mode,
            "width": self.width,
            "height": self.height,
            "target_fps": self.fps,
            "clock": self.cadence.leader,
            "clock_fps": round(1 / self.cadence.clock().period, 2),
            "clock_changes": self.cadence.changes,
            "chunk_ms": round(engine.chunk_ms, 1),
            "chunks": engine.chunks,
            "restarts": engine.restarts,
            "faults": engine.faults,
            "last_fault": engine.last_fault,
            "ticks": presenter.ticks,
            "ticks_missed": presenter.missed,
            "tick_error_p99_ms": round(presenter.tick_error_ms.p99, 3),
            "ticks_starved": presenter.starved,
            "ticks_mixed": presenter.mixed,
            "delay_ms": round(1000 * presenter.delay),
            "source": capture.uri,
            "source_fps": round(capture.fps, 2),
            "source_losses": capture.losses,
            "source_size_changes": capture.size_changes,
            "sent": sum(output.sent for output in self.outputs),
            "not_sent": sum(output.dropped for output in self.outputs),
            "recording": self.recorder.path,
            "failed_sinks": ", ".join(output.uri for output in self.outputs if output.failure),
            **self.beat.status(now),
            **self.steering.figures(),
        }

    def previews(self) -> dict[str, np.ndarray]:
        """The newest pictures by name, RGB `[H, W, 3]`; what the settings do not use is left out."""
        settings = self.settings()
        shown = {
            "output": self.presenter.latest,
            "input": self.capture.ring.latest(),
            "control": None if settings.control == "none" else self._control.latest(),
            "mask": self._mask.latest() if self._has_mask(settings) else None,
        }
        return {name: frame.pixels[..., :3] for name, frame in shown.items() if frame is not None}

    def _has_mask(self, settings: Settings) -> bool:
        return settings.mask_source.kind != "none" or not settings.canvas.fills(self.height, self.width)

    def settings(self) -> Settings:
        """What the controls say now."""
        return Settings.from_values(self.mailbox.snapshot())

    def _open(self, opened: ExitStack) -> None:
        """Start every part, the ones that the others need first; `opened` closes them the other way round."""
        size, options = (self.height, self.width), self.options
        chunks = opened.enter_context(make_ring(size, 3))
        shown = self._open_outputs(opened, options.sinks)
        self._control, control_look = self._open_look(opened, options.control_sinks, blank=0)
        self._mask, mask_look = self._open_look(opened, options.mask_sinks, blank=255)
        self.cadence = ClockSource(self.fps, lambda: self.capture.uri, lambda: self.settings().output_follow)
        self.recorder = Recorder(options.recordings, self.width, self.height, self.fps, self._recorder_trouble)
        opened.callback(self.recorder.close)
        self._open_source(opened, size)
        self.mailbox.listen(RECORD, lambda on, _: self.recorder.turn(bool(on)))
        self.recorder.turn(self.settings().record)
        self.mailbox.listen(TICK, self.cadence.on_tick)
        self.mailbox.listen(SOURCE, lambda uri, _: self.capture.turn_to(str(uri) or options.source))
        self._mask_input, self._control_input = (
            SideInput(size, self.fps, partial(self._notify, address_of(field)))
            for field in ("mask_source", "control_source")
        )
        for side in (self._mask_input, self._control_input):
            opened.callback(side.close)
        self.rings = RingNames(self.capture.ring.name, chunks.name, self._control.name, self._mask.name)
        self.supervisor = Supervisor(
            EngineStart(
                load=options.load,
                model=options.model,
                height=self.height,
                width=self.width,
                fps=self.fps,
                rings=self.rings,
                verbose=options.verbose,
            ),
            self._chunk_request,
            self._notify,
            options.limits,
        )
        self.presenter = Presenter(
            size,
            self.cadence.clock,
            arrived=Arrivals(chunks).drain,
            source=self.capture.ring.latest,
            seen_at=self.capture.seen_at,
            settings=self._output_settings,
            show=[self.recorder.show, *shown, *control_look, *mask_look],
        )
        self.beat = ShowTempo(TABLE, self.mailbox, self._notify)
        opened.callback(self.beat.close)
        self.steering.open(opened, self.beat.midi)
        if options.panel is not None:
            self._open_panel(opened, *options.panel)
        for part in (self.supervisor, self.presenter):
            part.start()
            opened.callback(part.stop)

    def _open_outputs(self, opened: ExitStack, uris: Iterable[str]) -> list[Callable[[Frame], None]]:
        """What takes the frames that go to these sinks."""
        outputs = [Output(uri, self.width, self.height, self.fps) for uri in uris]
        for output in outputs:
            opened.callback(output.close)
        self.outputs += outputs
        return [output.show for output in outputs]

    def _open_look(
        self, opened: ExitStack, uris: Sequence[str], blank: int
    ) -> tuple[FrameRing, list[Callable[[Frame], None]]]:
        """A ring of pictures beside the output's, and what takes the output's frames if sinks are to have them too.

        For the page alone the newest is enough.
        """
        size = (self.height, self.width)
        ring = opened.enter_context(make_ring(size, 3, None if uris else 2))
        shown = self._open_outputs(opened, uris)
        return ring, [SyncedOutput(ring, size, blank, shown).show] if shown else []

    def _open_source(self, opened: ExitStack, size: tuple[int, int]) -> None:
        source = None
        try:
            source = open_fitting(self.options.source, size, self.fps)
            log.info("source: %s", source.describe())
        except Absent as missing:  # capture looks for it until it is there
            log.warning("%s; the show begins without it", missing)
        self.capture = Capture(self.options.source, size, self.fps, self._source_trouble, source, self.cadence.on_frame)
        self.capture.start()
        opened.callback(self.capture.stop)

    def _open_panel(self, opened: ExitStack, host: str, port: int) -> None:
        from ..panel import Panel, PanelError

        try:
            panel = Panel(TABLE, self.mailbox, self.previews, self.status, host, port).start()
        except PanelError as error:
            raise ValueError(str(error)) from error
        opened.callback(panel.stop)
        self.panel_url = panel.url

    def _heartbeat(self) -> list[Any]:
        status = self.status()
        return [status[name] for name in ("state", "output_fps", "engine_fps", "latency_ms")]

    def _chunk_request(self, span: Span | None) -> ChunkRequest:
        """The settings of the chunk that shows this span of the input; nothing is used up while there is none."""
        if span is None:
            values, happens = self.mailbox.snapshot(), set()
        else:
            delay = self.presenter.delay
            values, happens = self.beat.values_for(DisplayTime(span.start + delay, span.end + delay))
        settings = Settings.from_values(values)
        return ChunkRequest(
            settings,
            reset=RESET in happens,
            anchor=ANCHOR in happens,
            mask_ring=self._mask_input.set_address(settings.mask_source.address),
            control_ring=self._control_input.set_address(settings.control_source),
        )

    def _output_settings(self) -> OutputSettings:
        settings = self.settings()
        return OutputSettings(
            settings.freeze,
            settings.bypass,
            settings.blackout,
            settings.output_between,
            settings.output_latency,
            settings.output_stall,
        )

    def _source_trouble(self, reason: str) -> None:
        """Tell it; and let controllers see which source it is, if the wanted one could not be had."""
        self._notify(SOURCE, reason)
        if not self.capture.turning:
            self.mailbox.set(SOURCE, self.capture.uri)

    def _recorder_trouble(self, reason: str) -> None:
        self._notify(RECORD, reason)
        self.mailbox.set(RECORD, False)

    def _notify(self, address: str | None, reason: str) -> None:
        """Log what is wrong, and answer whoever steers by OSC; the same thing not again and again."""
        now = time.monotonic()
        if now - self._told.get((address, reason), -SAME_FAULT_SECONDS) < SAME_FAULT_SECONDS:
            return
        self._told = {key: when for key, when in self._told.items() if now - when < SAME_FAULT_SECONDS}
        self._told[address, reason] = now
        log.warning("%s", reason)
        self.steering.answer(address, reason)


class Arrivals:
    """The frames of a ring, each taken once."""

    def __init__(self, ring) -> None:
        self._ring = ring
        self._seen = -1

    def drain(self) -> list[Frame]:
        frames = self._ring.since(self._seen)
        if frames:
            self._seen = frames[-1].number
        return frames
