"""What chaos does to a show, at random from a seed: everything hostile, one thing at a time or several at once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from .attacks import neighbours, poison
from .attacks.attack import Attack
from .stage import Stage, put_back
from .watch import wait_until

CALM_SECONDS = (3.0, 15.0)
"""From the end of one thing to the beginning of the next."""
FIRST_SECONDS = 10.0
HELD_SECONDS = (1.0, 6.0)
"""How long an attack that has to be there is kept up, and a neighbour stays."""
TOLD_SECONDS = 15.0
RUBBISH = 1000
LARGEST_RUBBISH = 200
FULL_DISK = "a full disk"


@dataclass
class Chaos:
    """attacks: those that are sent. folder: where the poison is put.

    done: what was done how often is counted here. lost: a line for each thing that should not have been is added here.
    """

    stage: Stage
    attacks: Sequence[Attack]
    folder: Path
    chance: random.Random
    done: Counter[str]
    lost: list[str]

    def until(self, end: float) -> None:
        """Do one thing after the other until then."""
        self._rest(FIRST_SECONDS, end)
        while time.monotonic() < end and self.stage.show.alive:
            name = self.chance.choice(list(THINGS))
            self.done[name] += 1
            THINGS[name](self)
            self._rest(self.chance.uniform(*CALM_SECONDS), end)

    def hold(self) -> float:
        """Seconds for which something is kept up."""
        return self.chance.uniform(*HELD_SECONDS)

    def _rest(self, seconds: float, end: float) -> None:
        time.sleep(max(min(seconds, end - time.monotonic()), 0.0))


def _attack(chaos: Chaos) -> None:
    """Something hostile is sent; afterwards the controls are put back, as an operator would."""
    attack, stage = chaos.chance.choice(chaos.attacks), chaos.stage
    chaos.done[attack.name.partition(":")[0]] += 1
    before = dict(stage.watch.seen.values)
    with attack.around(stage):
        attack.deliver(stage)
        time.sleep(chaos.hold())
    chaos.lost += [f"{attack.name}: {line}" for line in put_back(stage, before)]


def _kill(chaos: Chaos) -> None:
    _to_engine(chaos, psutil.Process.kill)


def _stop(chaos: Chaos) -> None:
    _to_engine(chaos, psutil.Process.suspend)


def _to_engine(chaos: Chaos, attack: Callable[[psutil.Process], None]) -> None:
    engine = chaos.stage.show.engine()
    if engine is not None:
        with suppress(psutil.NoSuchProcess):
            attack(engine)


def _memory(chaos: Chaos) -> None:
    poison.poison(chaos.folder, poison.MEMORY, chaos.chance.randint(1, 3))


def _nan(chaos: Chaos) -> None:
    poison.poison(chaos.folder, poison.NAN)


def _rubbish(chaos: Chaos) -> None:
    for _ in range(RUBBISH):
        chaos.stage.sender.send_packet(chaos.chance.randbytes(chaos.chance.randrange(1, LARGEST_RUBBISH)))


def _busy(chaos: Chaos) -> None:
    neighbours.busy(chaos.hold())


def _hungry(chaos: Chaos) -> None:
    neighbours.hungry(chaos.hold())


def _full_disk(chaos: Chaos) -> None:
    """A recording meets a disk that is full: whoever switched it on is told, and sees it off."""
    stage = chaos.stage
    stage.sender.receive()
    with neighbours.full_disk(stage.show.front()) as possible, ExitStack() as off:
        if not possible:
            chaos.done[f"{FULL_DISK}, which this system cannot do"] += 1
            return
        off.callback(stage.sender.send, "/vace/record", 0)
        stage.sender.send("/vace/record", 1)
        told = stage.sender.wait_for_error("/vace/record", TOLD_SECONDS)
        if told is None:
            chaos.lost.append("a recording on a full disk: nobody was told")
        elif not wait_until(lambda: stage.watch.seen.values.get("/vace/record") == (0,), TOLD_SECONDS):
            chaos.lost.append("a recording on a full disk: its switch stays on")


def _several(chaos: Chaos) -> None:
    for name in chaos.chance.sample([name for name in THINGS if name not in ("several", FULL_DISK)], 2):
        THINGS[name](chaos)


THINGS: dict[str, Callable[[Chaos], None]] = {
    "attack": _attack,
    "kill": _kill,
    "stop": _stop,
    "memory": _memory,
    "nan": _nan,
    "rubbish": _rubbish,
    "busy": _busy,
    "hungry": _hungry,
    FULL_DISK: _full_disk,
    "several": _several,
}
