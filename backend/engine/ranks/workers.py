"""Rank 0's side: starts a process for each other rank, has them do what it does, and ends with them."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import torch
from torch import Tensor

from bridge.threads import GuardedThread
from vace_core.model import Model
from vace_core.parallel import ALONE
from vace_core.parallel.join import PATIENCE, join, leave, open_rendezvous

from ..one_line import one_line
from .commands import Outcome
from .errors import OutOfStep
from .worker import main, share_processor

log = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_SECONDS = 1.0
"""How often the thread that watches the workers looks whether it is still wanted."""
GRACE_SECONDS = 3.0
"""For whoever works with a rank that has died to notice and end in good order; then the process is ended."""
LAST_WORDS_SECONDS = 1.0
"""For a rank to say why it failed, when another has noticed."""
BROKEN = 3
"""Exit code of a process whose ranks have died, as `cli.options.BROKEN`."""


class Workers:
    """The processes of ranks 1, 2, ...; this process is rank 0.

    load, options: as `worker.main`. devices: of all ranks, this one's first.
    """

    def __init__(self, load: str, options: object, devices: Sequence[str]) -> None:
        self.devices = tuple(devices)
        self._ranks = ALONE
        self._lost = ""
        self._closing = threading.Event()
        self._rendezvous = open_rendezvous()
        self._processes: list[BaseProcess] = []
        self._connections: list[Connection] = []
        multiprocessing.current_process().daemon = False  # the engine is one, and a daemon may have no children
        for rank in range(1, len(self.devices)):
            self._start(load, options, rank)
        self._watch = GuardedThread("watch the ranks", self._await_death)
        self._watch.start()
        atexit.register(self._closing.set)  # a program that ends by itself ends its workers, and that is no death

    def _start(self, load: str, options: object, rank: int) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=main,
            args=(theirs, load, options, rank, self.devices, self._rendezvous.port),
            name=f"rank {rank}",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._processes.append(process)
        self._connections.append(ours)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid or 0 for process in self._processes]

    def join(self, load: Callable[[], Model]) -> Model:
        """Load this rank's model while the others load theirs, and become ranks of one group.

        Raises what `load` does, and ValueError, with the device, for what another rank could not load.
        """
        try:
            device = torch.device(self.devices[0])
            share_processor(device, len(self.devices))
            model = load()
            for rank, connection in enumerate(self._connections, 1):
                outcome = self._outcome(rank, connection)
                if outcome.reason:
                    raise ValueError(f"{self.devices[rank]}: {outcome.reason}")
            self._ranks = join(0, len(self.devices), device, self._rendezvous)
            return model.shared_among(self._ranks)
        except BaseException:
            self.close()
            raise

    def ask(self, command: object) -> None:
        """Have the others do what takes no exchange. Raises RuntimeError, with the device, where one could not."""
        self._send(command)
        for rank, outcome in self._outcomes():
            if outcome.reason:
                raise RuntimeError(f"{self.devices[rank]}: {outcome.reason}")

    def together(self, command: object, act: Callable[[], T], tensors: Iterable[Tensor] = ()) -> T:
        """Have the others do what `act` does here at the same time; tensors: what the command's message is to have.

        Raises the ValueError that `act` does, if all ranks refuse; OutOfStep for everything else on any of them.
        """
        self._send(command)
        try:
            for tensor in tensors:
                self._ranks.broadcast(tensor.to(self.devices[0]).contiguous())
            result = act()
        except ValueError:
            self._require(refused=True)
            raise
        except Exception as error:
            raise self._lose(self._last_words() or f"{self.devices[0]}: {one_line(error)}") from error
        self._require(refused=False)
        return result

    def close(self) -> None:
        """End the others, and be a rank no longer."""
        self._closing.set()
        for process in self._processes:
            process.kill()
            process.join()
        for connection in self._connections:
            connection.close()
        self._watch.stop()
        leave()

    def _send(self, command: object) -> None:
        if self._lost:
            raise OutOfStep(self._lost)
        for rank, connection in enumerate(self._connections, 1):
            try:
                connection.send(command)
            except OSError:
                raise self._lose(self._death(rank)) from None

    def _require(self, refused: bool) -> None:
        for rank, outcome in self._outcomes():
            if outcome.refused != refused or (outcome.reason and not refused):
                raise self._lose(f"{self.devices[rank]}: {outcome.reason or 'did what the others refused'}")

    def _outcomes(self) -> list[tuple[int, Outcome]]:
        try:
            return [(rank, self._outcome(rank, pipe)) for rank, pipe in enumerate(self._connections, 1)]
        except OutOfStep as lost:
            raise self._lose(str(lost)) from None

    def _outcome(self, rank: int, connection: Connection, seconds: float | None = None) -> Outcome:
        """What a rank says next. Raises OutOfStep where it dies, or says nothing."""
        limit = PATIENCE.total_seconds() if self._ranks.group is not None else None
        try:
            if wait([connection], timeout=limit if seconds is None else seconds):
                return connection.recv()
        except (EOFError, OSError):
            raise OutOfStep(self._death(rank)) from None
        raise OutOfStep(f"{self.devices[rank]}: its process does not answer")

    def _last_words(self) -> str:
        """Of a rank that has failed, which others notice by being left alone in an exchange."""
        for rank, connection in enumerate(self._connections, 1):
            try:
                outcome = self._outcome(rank, connection, LAST_WORDS_SECONDS)
            except OutOfStep as lost:
                if not self._processes[rank - 1].is_alive():
                    return str(lost)
                continue
            if outcome.reason and "closed by peer" not in outcome.reason:
                return f"{self.devices[rank]}: {outcome.reason}"
        return ""

    def _lose(self, reason: str) -> OutOfStep:
        """Nothing can be had of the ranks any more: end the others, so that none of them waits for this one."""
        self._lost = reason
        self._abandon_exchanges()
        self.close()
        return OutOfStep(reason)

    def _abandon_exchanges(self) -> None:
        """On a GPU, a kernel that waits for a rank that is gone would wait for ever."""
        if self._ranks.group is not None and torch.device(self.devices[0]).type == "cuda":
            self._ranks.group.abort()

    def _death(self, rank: int) -> str:
        process = self._processes[rank - 1]
        process.join(LAST_WORDS_SECONDS)
        return f"{self.devices[rank]}: its process died (exit code {process.exitcode})"

    def _await_death(self) -> None:
        """End this process with a rank that died, unless whoever works with the ranks notices and ends them."""
        sentinels: list[Any] = [process.sentinel for process in self._processes]
        while not self._closing.is_set():
            if wait(sentinels, timeout=LOOK_SECONDS):
                break
        if self._closing.is_set():
            return
        self._abandon_exchanges()
        if not self._closing.wait(GRACE_SECONDS):
            dead = [self._death(rank) for rank, process in enumerate(self._processes, 1) if not process.is_alive()]
            log.error("%s, and the engine ends with it", "; ".join(dead))
            os._exit(BROKEN)
