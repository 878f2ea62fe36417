"""Rows of OSC: what a flood does to a running show, and how much is taken beside python-osc's own server."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from backend.controls.table import TABLE
from backend.engine.options import ModelOptions
from backend.front.build import open_front
from backend.front.front import Front
from backend.front.options import RunOptions
from backend.runtime.metrics import Window
from backend.steering.steering import SteeringOptions
from bridge.control.mailbox import Mailbox
from bridge.control.osc.server import OscServer

from .flood import ask, flood, probe, value_of
from .live import naive_ticks

PER_SECOND = 10_000
TICKS_PER_SECOND = 60
HOST = "127.0.0.1"
FLOODED = ("/vace/scale", "/vace/mask/feather", "/vace/mask/threshold", "/vace/prompt/fade", "/vace/preset/fade")
PROBED = "/vace/seed"
WARM_CHUNKS = 3
PATIENCE_SECONDS = 120.0
SETTLE_SECONDS = 0.5


def osc_rows(pipeline: str, seconds: float, load: str = "backend.engine.load:load") -> Iterator[dict[str, Any]]:
    """A show beside a naive loop, then under a flood, for so many seconds each; then both servers under what goes."""
    steering = SteeringOptions(osc=(HOST, 0))
    options = RunOptions(
        source="testcard:",
        sinks=("null:",),
        model=ModelOptions(pipeline),
        fps=TICKS_PER_SECOND,
        steering=steering,
        load=load,
    )
    with open_front(options) as front:
        server = front.steering.osc
        assert server is not None
        _wait(lambda: front.status().chunks >= WARM_CHUNKS, "the engine's first chunks")
        naive, quiet = _beside_naive_ticks(lambda: _tick_error(front, seconds, lambda: time.sleep(seconds)))
        heard: dict[object, float] = {}
        front.mailbox.listen(PROBED, heard.__setitem__)
        port, before = server.port, server.counters.messages
        with _process(flood, HOST, port, FLOODED, PER_SECOND, seconds) as sending:
            with _process(probe, HOST, port, PROBED, seconds) as probing:
                flooded = _tick_error(front, seconds, lambda: sending.poll(seconds + PATIENCE_SECONDS))
                sent, probed = sending.recv(), probing.recv()
        time.sleep(SETTLE_SECONDS)
        taken = server.counters.messages - before - len(probed)
        lost = [address for number, address in last_numbers(sent) if not _holds(port, address, value_of(number))]
    yield {
        "name": f"tick error at {TICKS_PER_SECOND} Hz beside the engine, 99th percentile",
        "plain_ms": round(naive, 3),
        "ours_ms": round(quiet, 3),
        "ratio": round(naive / max(quiet, 1e-3), 2),
    }
    yield {
        "name": f"OSC, {PER_SECOND} messages a second for {seconds:g} s",
        "sent": sent,
        "not_received": sent - taken,
        "last_values_lost": len(lost),
        "in_force_p99_ms": round(1000 * _in_force_p99(probed, heard), 3),
        "tick_error_p99_ms": round(flooded, 3),
        "without_p99_ms": round(quiet, 3),
        "difference_ms": round(flooded - quiet, 3),
    }
    plain, ours = _taken_by_python_osc(seconds / 5), _taken_by_ours(seconds / 5)
    yield {
        "name": "OSC messages taken in a second of the processor's time",
        "plain_per_s": round(plain),
        "ours_per_s": round(ours),
        "ratio": round(ours / max(plain, 1.0), 2),
    }


def last_numbers(sent: int) -> list[tuple[int, str]]:
    """The number of the last message to each address, of so many."""
    first = max(sent - len(FLOODED), 0)
    return [(number, FLOODED[number % len(FLOODED)]) for number in range(first, sent)]


def _tick_error(front: Front, seconds: float, meanwhile: Callable[[], object]) -> float:
    """The 99th percentile of the presenter's tick errors, in milliseconds, while that is done."""
    front.presenter.tick_error_ms = errors = Window(int(2 * seconds * TICKS_PER_SECOND) + 1)
    meanwhile()
    return errors.summary().p99


def _beside_naive_ticks(measure: Callable[[], float]) -> tuple[float, float]:
    """The 99th percentile of a naive loop's tick errors in milliseconds, and what is measured meanwhile."""
    errors: list[float] = []
    stop = threading.Event()
    naive = threading.Thread(target=naive_ticks, args=(TICKS_PER_SECOND, errors, stop))
    naive.start()
    try:
        measured = measure()
    finally:
        stop.set()
        naive.join()
    return float(np.percentile(errors, 99)), measured


def _in_force_p99(sent: list[float], heard: dict[object, float]) -> float:
    """Seconds from the sending of a value until every snapshot has it; what never came counts as PATIENCE_SECONDS."""
    taken = [heard.get(number, began + PATIENCE_SECONDS) - began for number, began in enumerate(sent, 1)]
    return float(np.percentile(taken, 99))


def _holds(port: int, address: str, value: float) -> bool:
    return ask(HOST, port, address) == value


def _taken_by_python_osc(seconds: float) -> float:
    """What python-osc's own server takes in a second, with a handler that keeps the latest value."""
    latest: dict[str, Any] = {}
    taken = 0

    def keep(address: str, *arguments: Any) -> None:
        nonlocal taken
        latest[address] = arguments
        taken += 1

    dispatcher = Dispatcher()
    for row in TABLE:
        dispatcher.map(row.address, keep)
    with BlockingOSCUDPServer((HOST, 0), dispatcher) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            return _under_all_that_goes(server.server_address[1], seconds, lambda: taken)
        finally:
            server.shutdown()
            thread.join()


def _taken_by_ours(seconds: float) -> float:
    server = OscServer(TABLE, Mailbox(TABLE), HOST, 0).start()
    try:
        return _under_all_that_goes(server.port, seconds, lambda: server.counters.messages)
    finally:
        server.stop()


def _under_all_that_goes(port: int, seconds: float, taken: Callable[[], int]) -> float:
    with _process(flood, HOST, port, FLOODED, 0, seconds + SETTLE_SECONDS) as sending:
        _wait(lambda: taken() > 0, "the flood")
        time.sleep(SETTLE_SECONDS / 2)
        # This process does nothing else meanwhile; by the clock, other programs would be measured too.
        before, began = taken(), time.process_time()
        time.sleep(seconds)
        rate = (taken() - before) / (time.process_time() - began)
        sending.recv()
    return rate


@contextmanager
def _process(target: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """A process that is given the other end of the pipe as its last argument; ended at the latest here."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()
        ours.close()


def _wait(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {PATIENCE_SECONDS:g} s for {what}")
        time.sleep(0.01)
