"""Two processes of one thread each, joined over gloo, that both run what a test asks for."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.multiprocessing as multiprocessing

from vace_core.parallel import Ranks
from vace_core.parallel.join import find_rendezvous, join, leave, open_rendezvous

SIZE = 2
SECONDS = 100.0


class TwoRanks:
    """Started once for many calls, as starting takes seconds."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connections: list[Connection] = []
        self._processes = []
        port = None
        for rank in range(SIZE):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(rank, port, theirs), daemon=True)
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)
            if rank == 0:
                port = self._answer(ours)

    def __call__(self, work: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What work(ranks, *arguments) gives in each process; AssertionError with the traceback where one raises."""
        for connection in self._connections:
            connection.send((work, arguments))
        return [self._answer(connection) for connection in self._connections]

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.join()

    def _answer(self, connection: Connection) -> Any:
        assert connection.poll(SECONDS), "a rank does not answer"
        failed, answer = connection.recv()
        assert not failed, answer
        return answer


def _serve(rank: int, port: int | None, connection: Connection) -> None:
    torch.set_num_threads(1)
    if port is None:
        store = open_rendezvous()
        connection.send((False, store.port))
    else:
        store = find_rendezvous(port)
    ranks = join(rank, SIZE, torch.device("cpu"), store)
    while True:
        try:
            work, arguments = connection.recv()
        except EOFError:
            leave()
            return
        connection.send(_answer(work, ranks, arguments))


def _answer(work: Callable[..., Any], ranks: Ranks, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return False, work(ranks, *arguments)
    except Exception:  # noqa: BLE001 - the test that asked raises it
        return True, traceback.format_exc()
