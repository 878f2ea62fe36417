"""One life of the engine process: its start, what it says, and its end."""

from __future__ import annotations

import logging
import multiprocessing
import time
from multiprocessing.connection import wait

from ..engine.messages import EngineStart, Stop
from ..engine.process import main as run_engine
from .limits import Limits
from .liveness import Liveness, NormalTime
from .process_facts import ProcessWatch

log = logging.getLogger(__name__)

LISTEN_SECONDS = 0.1
LOOK_SECONDS = 0.2
"""From one look at whether it hangs to the next."""


class Ended(Exception):
    """The engine is of no use any more; the text ends the sentence "the engine ..."."""

    def __init__(self, reason: str, hung: bool = False) -> None:
        super().__init__(reason)
        self.hung = hung


class EngineLife:
    """Starts an engine. Raises OSError where the system has no process or descriptor left for one."""

    def __init__(self, start: EngineStart, limits: Limits, normal: NormalTime, load_limit: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._limits = limits
        self.began = time.monotonic()
        self.liveness = Liveness(self.began, limits, normal, load_limit)
        self._looked = self.began
        self._connection, theirs = context.Pipe()
        try:
            self._process = context.Process(target=run_engine, args=(theirs, start), name="engine", daemon=True)
            self._process.start()
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()  # so that its end of the pipe closes with it
        self._watch = ProcessWatch(self._process.pid or 0, with_workers=bool(start.model.devices))

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def send(self, message: object) -> None:
        """Raises Ended if it is gone."""
        try:
            self._connection.send(message)
        except OSError:
            raise self._death() from None

    def listen(self) -> object | None:
        """What it says next; None if it says nothing for a moment. Raises Ended if it died or hangs."""
        ready = wait([self._connection, self._process.sentinel], timeout=LISTEN_SECONDS)
        now = time.monotonic()
        if self._connection in ready:
            message = self._receive()
            self.liveness.note_message(now)
            return message
        if ready:
            raise self._death()
        self._require_alive(now)
        return None

    def end(self, ask: bool) -> None:
        """Kill it, or before that ask it to end and wait a moment. One that cannot even be killed is left to itself."""
        if ask:
            try:
                self._connection.send(Stop())
                self._process.join(self._limits.stop)
            except OSError:
                pass  # it is gone already
        self.kill()
        self._process.join(self._limits.stop)
        if self._process.is_alive():
            log.warning("the system does not let go of engine process %s; it is left behind", self.pid)
        self._connection.close()

    def kill(self) -> None:
        """Also from another thread."""
        if self._process.is_alive():
            self._process.kill()
        self._watch.kill_workers()

    def _receive(self) -> object:
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            raise self._death() from None
        except Exception as error:
            raise Ended(f"said what cannot be read ({type(error).__name__}: {error})") from error

    def _death(self) -> Ended:
        self._process.join(self._limits.stop)
        code = self._process.exitcode
        return Ended("closed its pipe" if code is None else f"died (exit code {code})")

    def _require_alive(self, now: float) -> None:
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        if reason := self.liveness.verdict(now, self._watch.read()):
            raise Ended(reason, hung=True)
