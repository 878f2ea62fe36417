"""Files that a control names are read in a process apart before the show uses them, so that none can harm it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from bridge.control.mailbox import Mailbox
from bridge.control.parameters import Value
from bridge.errors import BridgeError
from bridge.files import refuse_own_input, shown
from bridge.threads import GuardedThread, described

from ..controls.named_files import FRAMES, PICTURES, named_files
from ..imaging.probe import why_not
from ..runtime.worker import shared_worker

SECONDS = 10.0
"""How long reading one file may take; a drive that was asleep needs some."""


class FileCheck:
    """Confirms or refuses, in a thread of its own, the values of a mailbox's controls that name files.

    notify(address, reason) is told of what is refused; the value before is kept. written() are the frame
    addresses of the files that the show itself is writing, which it can't read.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        notify: Callable[[str, str], None],
        written: Callable[[], Iterable[str]] = tuple,
        seconds: float = SECONDS,
    ) -> None:
        self._mailbox, self._notify, self._written, self._seconds = mailbox, notify, written, seconds
        self._worker = shared_worker()
        self._changed = threading.Condition()
        self._asked: dict[str, Value] = {}  # by address; what came last
        self._deciding = False
        self._thread = GuardedThread("file check", self._run)
        for address in (*FRAMES, *PICTURES):
            mailbox.check_later(address, lambda value, address=address: self._ask(address, value))

    def start(self) -> None:
        """Begin; returns when what was set before is decided, so that a show begins with all of it."""
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: not self._asked and not self._deciding)

    def stop(self) -> None:
        self._thread.stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.stop()
        self._worker.close()

    def _ask(self, address: str, value: Value) -> bool:
        """Put a value on the list if it has to be looked at."""
        if not named_files(address, value):
            return False
        with self._changed:
            self._asked[address] = value
            self._changed.notify_all()
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked or self._thread.stopping.is_set())
                if self._thread.stopping.is_set():
                    return
                address = next(iter(self._asked))
                value = self._asked.pop(address)
                self._deciding = True
            try:
                self._decide(address, value)
            finally:
                with self._changed:
                    self._deciding = False
                    self._changed.notify_all()

    def _decide(self, address: str, value: Value) -> None:
        reason = "it could not be looked at"
        try:
            reason = self._why_not(address, value)
        finally:  # whatever happens, no value may wait for ever
            if reason:
                self._mailbox.refuse(address, value)
                self._notify(address, f"{reason}; {address} stays as it was")
        if not reason:
            for blamed, report in self._mailbox.confirm(address, value):
                self._notify(blamed, report)

    def _why_not(self, address: str, value: Value) -> str:
        known = named_files(address, self._mailbox.get(address))  # of a list that grows, they were read before
        for path in named_files(address, value):
            if path in known:
                continue
            if self._thread.stopping.is_set():
                return f"{shown(path)} was not looked at, as the show ends"
            try:
                for target in self._written():
                    refuse_own_input(target, [path])
                reason = self._worker.call(why_not, path, address in PICTURES, seconds=self._seconds)
            except BridgeError as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the file is not used
                reason = f"{shown(path)} can't be read ({described(error)}); give the path of another file"
            if reason:
                return reason
        return ""
