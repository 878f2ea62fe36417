"""Builds a show: opens every part, the ones that the others need first."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import cv2

from bridge.control.mailbox import Mailbox
from bridge.control.media_folders import MediaFolders
from bridge.errors import Absent
from bridge.threads import add_listener
from bridge.video.protocol import Source
from bridge.video.ring import FrameRing

from ..controls.declaration import address_of
from ..controls.named_files import FRAMES, PICTURES, named_files
from ..controls.settings import Settings
from ..controls.table import TABLE
from ..engine.messages import EngineStart, RingNames
from ..imaging.fitting import stream_size
from ..steering.steering import Steering
from ..steering.tempo import ShowTempo
from ..steering.tour import Tour
from ..steering.unavailable import refuse_loras
from .arrivals import Arrivals
from .capture import Capture, open_fitting, source_rate
from .clock_source import ClockSource
from .fault_messages import FaultMessages
from .file_check import FileCheck
from .front import Front
from .options import RunOptions
from .page import open_page, pictures_folder
from .presenter import Presenter
from .recorder import Recorder
from .rings import ShowRings
from .side_input import SideInput
from .sinks import FrameSender, ShowSinks
from .source_shape import look_at_source
from .supervisor import Supervisor
from .undo import Undo

log = logging.getLogger(__name__)

TICK, SOURCE, RECORD = "/vace/tick", "/vace/source", "/vace/record"
SWITCH_INTERVAL = 0.001
"""Seconds that a thread may keep the interpreter from the presenter."""


def open_front(options: RunOptions) -> Front:
    """Begin a show: `with open_front(options) as front`.

    Raises ValueError, BridgeError or OSError, in one line, if it can't begin; what was opened is closed again then.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    cv2.setNumThreads(1)
    with ExitStack() as opened:
        front = FrontBuilder(options, opened).build()
        front.opened = opened.pop_all()
    return front


class FrontBuilder:
    """The steps of `build`, in their order. Parts that need one another find it here when they are first used."""

    def __init__(self, options: RunOptions, opened: ExitStack) -> None:
        self._began = time.monotonic()
        self._options, self._opened = options, opened
        self._source: Source | None = None  # until the show reads it
        opened.callback(self._close_source)
        preset = options.model.preset()
        self._source, shape = look_at_source(options, preset)
        self._size = stream_size(options.height, options.width, preset, shape, options.fit)
        self._fps = options.fps or source_rate(options.source)
        self._pictures = pictures_folder(options, opened)
        folders = (*options.steering.media, *([] if self._pictures is None else [self._pictures]))
        self._mailbox = Mailbox(TABLE, media=MediaFolders(folders))
        self._rings = ShowRings(self._size, opened)
        self._sinks = ShowSinks(self._size, self._fps, self._rings, self._read_files, opened)
        self._faults = FaultMessages(lambda address, reason: self._steering.answer(address, reason))
        opened.callback(add_listener(self._faults.survived))
        self._steering = Steering(
            options.steering,
            self._mailbox,
            self._faults.notify,
            lambda: self._front.status().heartbeat(),
            self._faults.events,
        )
        opened.callback(self._steering.close)

    def build(self) -> Front:
        """Start every part; `opened` closes them the other way round."""
        file_check = FileCheck(self._mailbox, self._faults.refuse, self._written_files)
        self._set_first_values()
        for row in TABLE:
            if row.holds:  # a value that changes is no longer the one that was refused
                self._mailbox.listen(row.address, partial(self._faults.mended, row.address))
        chunks = self._rings.open(channels=3)
        senders = self._sinks.open(self._options.sinks)
        control_frames, control_senders = self._sinks.open_synced(self._options.control_sinks, blank=0)
        mask_frames, mask_senders = self._sinks.open_synced(self._options.mask_sinks, blank=255)
        self._open_source()
        mask_input = self._open_side("mask_source")
        control_input = self._open_side("control_source")
        tempo = ShowTempo(TABLE, self._mailbox, self._faults.notify)
        self._opened.callback(tempo.close)
        self._front = Front(
            options=self._options,
            height=self._size[0],
            width=self._size[1],
            fps=self._fps,
            mailbox=self._mailbox,
            steering=self._steering,
            outputs=self._sinks.outputs,
            chunks=chunks,
            control_frames=control_frames,
            mask_frames=mask_frames,
            clock_source=self._clock_source,
            recorder=self._recorder,
            capture=self._capture,
            mask_input=mask_input,
            control_input=control_input,
            supervisor=self._supervisor(chunks, control_frames, mask_frames),
            presenter=self._presenter(chunks, [*senders, *control_senders, *mask_senders]),
            tempo=tempo,
            events=self._faults.events,
            began=self._began,
        )
        self._steering.open(self._opened, tempo.midi)
        refuse_loras(self._mailbox, len(self._options.model.weights.loras))
        open_page(self._front, self._pictures, self._opened)
        self._opened.callback(file_check.stop)
        file_check.start()
        self._front.open_side_inputs(self._settings())  # so that the first chunk has its mask and its control
        for part in (self._front.supervisor, self._front.presenter):
            part.start()
            self._opened.callback(part.stop)
        if self._options.tour:
            tour = Tour(self._mailbox)
            tour.start()
            self._opened.callback(tour.stop)
        return self._front

    def _written_files(self) -> list[str]:
        """The files that this show is writing now."""
        return [*(output.uri for output in self._sinks.outputs if output.is_file), self._recorder.path]

    def _set_first_values(self) -> None:
        options = self._options
        if options.restore == "look":
            self._steering.restore(all_of_it=False)
        for address, value in options.values.items():
            if report := self._mailbox.set(address, value):
                log.warning("%s", report)
        if options.restore == "all":  # whoever steered has had the last word
            self._steering.restore(all_of_it=True)

    def _settings(self) -> Settings:
        return Settings.from_values(self._mailbox.snapshot())

    def _read_files(self) -> list[str]:
        """What the show reads from its start on, which none of its outputs may destroy."""
        values = self._mailbox
        named = [path for address in (*FRAMES, *PICTURES) for path in named_files(address, values.wanted(address))]
        return [self._options.source, *named]

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()

    def _open_source(self) -> None:
        """The source, whose frames the clock and the recorder's switch are ready for before the first comes."""
        options, mailbox = self._options, self._mailbox
        self._clock_source = ClockSource(self._fps, lambda: self._capture.uri, lambda: self._settings().output_follow)
        self._recorder = Recorder(options.recordings, self._size[1], self._size[0], self._fps, self._recorder_trouble)
        self._opened.callback(self._recorder.close)
        source, self._source = self._source, None
        try:
            source = source or open_fitting(options.source, self._size, self._fps, options.fit)
            log.info("source: %s", source.describe())
        except Absent as missing:  # capture looks for it until it is there
            log.warning("%s; the show begins without it", missing)
        on_frame, ring = self._clock_source.on_frame, self._rings.open(channels=4)
        self._capture = Capture(
            options.source, ring, self._size, self._fps, self._source_trouble, source, on_frame, fit=options.fit
        )
        self._capture.start()
        self._opened.callback(self._capture.stop)
        mailbox.listen(RECORD, lambda on, _: self._recorder.turn(bool(on)))
        self._recorder.turn(self._settings().record)
        mailbox.listen(TICK, self._clock_source.on_tick)
        mailbox.listen(SOURCE, lambda uri, _: self._capture.turn_to(str(uri) or options.source))
        if restored := str(mailbox.get(SOURCE)):
            self._capture.turn_to(restored)

    def _open_side(self, field: str) -> SideInput:
        """The frames that a control names, by the field of the settings that it is."""
        side = SideInput(
            address_of(field), self._mailbox, self._size, self._fps, self._faults.notify, self._options.fit
        )
        self._opened.callback(side.close)
        return side

    def _supervisor(self, chunks: FrameRing, control_frames: FrameRing, mask_frames: FrameRing) -> Supervisor:
        options, (height, width) = self._options, self._size
        start = EngineStart(
            load=options.load,
            model=options.model,
            height=height,
            width=width,
            fps=self._fps,
            rings=RingNames(self._capture.ring.name, chunks.name, control_frames.name, mask_frames.name),
            verbose=options.verbose,
            log=options.log,
        )
        chunk_request, notify = (lambda span: self._front.chunk_request(span)), self._faults.notify
        undo = Undo(self._mailbox).refused
        return Supervisor(start, chunk_request, notify, options.limits, self._rings.renew, undo)

    def _presenter(self, chunks: FrameRing, senders: Sequence[FrameSender]) -> Presenter:
        return Presenter(
            self._size,
            self._clock_source.clock,
            arrived=Arrivals(chunks).drain,
            source=self._capture.ring.latest,
            captured_at=self._capture.captured_at,
            settings=lambda: self._front.output_settings(),
            send=[self._recorder.send, *senders],
        )

    def _source_trouble(self, reason: str) -> None:
        """Say it; and let controllers see which source it is, if the wanted one could not be had."""
        self._faults.notify(SOURCE, reason)
        if not self._capture.turning:
            self._mailbox.set(SOURCE, self._capture.uri)

    def _recorder_trouble(self, reason: str) -> None:
        self._faults.notify(RECORD, reason)
        self._mailbox.set(RECORD, False)
