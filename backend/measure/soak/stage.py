"""A show with everything around it that a trial needs: its host, one who watches, one who sends."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.control.osc.packets import Argument

from .fake_host import SIZES, FakeHost
from .judge import Limits
from .osc_client import OscClient
from .show import RUN, Show
from .watch import SOURCE_FPS, Watch, wait_until

START_SECONDS = 120.0
"""How long the first restyled frame may take."""
BACK_SECONDS = 5.0
"""In which a control has to be at what it is set to."""
ATTEMPTS = 5
"""In that time, to set it."""


@dataclass
class Stage:
    """host: sends the input. sender: one who has not subscribed, and is told what is wrong with what he sends."""

    host: FakeHost
    show: Show
    watch: Watch
    sender: OscClient


@contextmanager
def open_stage(
    options: Iterable[str] = (),
    run: tuple[str, ...] = RUN,
    environment: Mapping[str, str] | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
) -> Iterator[Stage]:
    """A show that restyles already. seed: of the host's whims, None for a steady one. limits: of the judge.

    RuntimeError, with the end of the log, if there is no restyled frame.
    """
    source = f"vacesoak{secrets.token_hex(4)}"
    with (
        FakeHost(source, SOURCE_FPS, SIZES[0], seed) as host,
        Show(f"shm:{source}", options, run, environment) as show,
        Watch(show, limits) as watch,
        OscClient(show.osc) as sender,
    ):
        ready = wait_until(lambda: watch.restyled > 0 or not show.alive, START_SECONDS)
        if not ready or not show.alive:
            raise RuntimeError(f"the show did not begin: {' | '.join(show.log_lines()[-3:])}")
        wait_until(lambda: watch.seen.state == "running", START_SECONDS)
        sender.send("/vace/source", show.source)  # said by name, so that it can be gone back to
        wait_until(lambda: watch.seen.values.get("/vace/source") == (show.source,), START_SECONDS)
        yield Stage(host, show, watch, sender)


def put_back(stage: Stage, before: dict[str, tuple[Argument, ...]]) -> list[str]:
    """Set the controls that have changed as they were; a line for each of them that is not so then.

    It is done again as an operator would, since what was sent before may act a little later.
    """
    seen = stage.watch.seen

    def left() -> list[str]:
        return [address for address, value in before.items() if seen.values.get(address) != value]

    for _ in range(ATTEMPTS):
        for address in left():
            stage.sender.send(address, *before[address])
        if wait_until(lambda: not left(), BACK_SECONDS / ATTEMPTS):
            break
    return [f"{each} is {seen.values.get(each)} and could not be put back to {before[each]}" for each in left()]
