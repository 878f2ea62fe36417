"""Whoever steers a show, besides the page: OSC, OSCQuery, MIDI, lighting desks, presets and the prompt bank."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from bridge.control.dmx.receiver import DmxInput, DmxWanted, Patched, read_patch
from bridge.control.mailbox import Mailbox
from bridge.control.osc.server import OscServer
from bridge.control.osc.subscribers import STATUS
from bridge.control.tempo.tempo import MidiClock
from bridge.web.access import Network
from bridge.web.token import Token

from ..controls.table import TABLE
from ..runtime import priority, program_name
from ..runtime.events import Events
from ..runtime.json_store import JsonStore
from .autosave import Autosave
from .cues import LIST as CUE_LIST
from .cues import Cues
from .morph import Morph
from .presets import LastValues, Presets
from .prompt_bank import bind_prompt_bank
from .reference_list import bind_reference_list
from .unavailable import refuse_midi

if TYPE_CHECKING:
    from bridge.control.oscquery.server import OscQueryServer

log = logging.getLogger(__name__)

PRESET_SECONDS, AUTOSAVE_SECONDS = 0.1, 2.0
"""How long a preset, and a changed value, may wait until they are on disk."""
Tell = Callable[[str | None, str], None]
"""Called with the address to blame, if one is, and the reason."""


@dataclass(frozen=True)
class SteeringOptions:
    """osc, osc_tcp and oscquery are (host, port), None for none. osc_allow: networks that may steer from elsewhere.
    osc_token: what else lets somebody there in. media: the folders whose files he may name.

    midi: inputs by (part of) their names. dmx: the universe of a lighting desk, whose channels set what the file
    dmx_patch says. presets: the file that keeps them, None for none beyond the end; programs may share it. The last
    values and what MIDI was taught are kept beside it, for each `name` of a program by itself.
    token: what other machines have to know to use OSCQuery and the page, None to keep them out of both.
    """

    osc: tuple[str, int] | None = None
    osc_tcp: tuple[str, int] | None = None
    osc_allow: tuple[Network, ...] = ()
    osc_token: str | None = field(default=None, repr=False)
    media: tuple[Path, ...] = ()
    oscquery: tuple[str, int] | None = None
    midi: tuple[str, ...] = ()
    dmx: DmxWanted | None = None
    dmx_patch: Path | None = None
    presets: Path | None = None
    token: Token | None = None
    name: str = program_name.DEFAULT

    def beside(self, suffix: str) -> Path | None:
        """Where something of this program is kept beside the presets."""
        return None if self.presets is None else program_name.beside(self.presets, self.name, suffix)


class Steering:
    """Opens all of it. tell is told what goes wrong; heartbeat() gives what `/vace/status` says, events what
    `/vace/events` does."""

    def __init__(
        self,
        options: SteeringOptions,
        mailbox: Mailbox,
        tell: Tell,
        heartbeat: Callable[[], Sequence[Any]],
        events: Events,
    ) -> None:
        self._options, self._mailbox, self._notify, self._heartbeat = options, mailbox, tell, heartbeat
        self._events = events
        self._opened = ExitStack()
        self._last_values = LastValues(TABLE, mailbox, JsonStore(options.beside(".last.json"), "last values"))
        self._own = self._take_name()  # whether what is kept under this program's name is its own
        if not self._own:
            log.warning(
                "another program named %s is running, so this one keeps no last values while that does; "
                "--name NAME gives it its own",
                options.name,
            )
        self.osc: OscServer | None = None
        self.oscquery: OscQueryServer | None = None
        self.presets: Presets | None = None
        self.cues: Cues | None = None

    def close(self) -> None:
        """Let another program have this one's name."""
        self._opened.close()

    def restore(self, all_of_it: bool) -> None:
        """Begin with the values that the last show of this name had; all_of_it: as `LastValues.restore`."""
        if not self._own:
            log.warning("it begins without the last values, which are another program's")
            return
        for report in self._last_values.restore(all_of_it):
            log.warning("%s", report)

    def open(self, opened: ExitStack, clock: MidiClock) -> None:
        """Start every part; `opened` closes them. clock: what a MIDI clock is told to. Raises BridgeError, OSError."""
        options = self._options
        bind_prompt_bank(self._mailbox)
        bind_reference_list(self._mailbox)
        presets, cues = self._open_presets(opened)
        if options.midi:
            from .midi import open_midi

            kept = options.beside(".midi.json") if self._own else None
            opened.callback(open_midi(options.midi, TABLE, self._mailbox, clock, kept, self._notify))
        else:
            refuse_midi(self._mailbox)
        if options.osc is not None:
            self.osc = self._open_osc(opened, *options.osc, presets, cues)
        if options.oscquery is not None:
            self._open_oscquery(opened, *options.oscquery)
        if options.dmx and options.dmx_patch is not None:
            patched = Patched(read_patch(options.dmx_patch, TABLE), self._mailbox)
            opened.callback(DmxInput(options.dmx, patched, lambda reason: self._notify(None, reason)).close)

    def lists(self) -> dict[str, list[str]]:
        """The names of what can be gone to."""
        presets = [] if self.presets is None else self.presets.names()
        return {"presets": presets, "cues": [] if self.cues is None else self.cues.names()}

    def answer(self, address: str | None, reason: str) -> None:
        """Send an error to whoever steers by OSC."""
        if self.osc is not None:
            self.osc.notify(address or "/vace", reason)

    def _open_osc(self, opened: ExitStack, host: str, port: int, presets: Presets, cues: Cues) -> OscServer:
        server = OscServer(
            TABLE,
            self._mailbox,
            host,
            port,
            tcp=self._options.osc_tcp,
            allow=self._options.osc_allow,
            token=self._options.osc_token,
            answers={STATUS: self._heartbeat, "/vace/preset/list": presets.names, CUE_LIST: cues.names},
            # The presenter needs the interpreter on time: who holds it must not be held up by another program.
            at_start=priority.raise_this_thread,
            events=lambda count: [event.as_message() for event in self._events.newest(count)],
        ).start()
        opened.callback(server.stop)
        log.info("OSC: listening on %s:%d", server.host, server.port)
        if server.tcp is not None:
            log.info("OSC by TCP: listening on %s:%d", server.tcp.host, server.tcp.port)
        return server

    def _open_oscquery(self, opened: ExitStack, host: str, port: int) -> None:
        from bridge.control.oscquery.mdns import MdnsService
        from bridge.control.oscquery.server import NAME, OscQueryServer

        osc = None if self.osc is None else (self.osc.host, self.osc.port)
        options = self._options
        self.oscquery = OscQueryServer(TABLE, self._mailbox, osc, host, port, options.osc_allow, options.token).start()
        opened.callback(self.oscquery.stop)
        opened.callback(MdnsService(NAME, self.oscquery.services()).start().stop)

    def _open_presets(self, opened: ExitStack) -> tuple[Presets, Cues]:
        morph = Morph(self._mailbox)
        self.presets = presets = Presets(TABLE, self._mailbox, JsonStore(self._options.presets, "presets"), morph)
        path = self._options.presets
        file = JsonStore(None if path is None else path.with_suffix(".cues.json"), "cues")
        self.cues = cues = Cues(self._mailbox, file, presets, morph, self._notify)
        jobs = [
            (presets.write, PRESET_SECONDS),
            (cues.write, PRESET_SECONDS),
            (self._write_last_values, AUTOSAVE_SECONDS),
        ]
        autosave = Autosave(jobs, lambda reason: self._notify("/vace/preset/save", reason))
        for part in (autosave, morph, cues):
            part.start()
            opened.callback(part.stop)
        return presets, cues

    def _write_last_values(self) -> None:
        """To disk, as soon as no other program has this one's name: the former one may have been about to end."""
        self._own = self._own or self._take_name()
        if self._own:
            self._last_values.write()

    def _take_name(self) -> bool:
        """Have this program's name to itself until `close`; False while another one has it."""
        path = self._options.beside(".lock")
        if path is None:
            return True
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._opened.enter_context(FileLock(path, blocking=False, thread_local=False))
        except Timeout:
            return False
        except (OSError, NotImplementedError) as reason:
            log.warning("%s cannot be locked (%s); what another program keeps there may be lost", path, reason)
        return True
