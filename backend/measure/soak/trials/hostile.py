"""Every hostile value, file, sender and connection, one after the other: what each of them cost the show."""

from __future__ import annotations

import random
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..attacks.attack import Attack, Value, shortened
from ..attacks.hostile_connections import connection_attacks
from ..attacks.hostile_files import make_hostile_files
from ..attacks.hostile_messages import message_attacks
from ..attacks.hostile_paths import path_attacks
from ..attacks.hostile_senders import remove_rings, sender_attacks
from ..stage import BACK_SECONDS, Stage, open_stage, put_back
from ..watch import wait_until
from .outcome import Outcome, summary

TOLD_SECONDS = 10.0
"""In which the sender of what can't be used has to be told."""
SETTLE_SECONDS = 0.5
"""Without a refusal, after which a value counts as taken where it may be."""
SOURCE = "/vace/source"
BYPASS_SECONDS = 0.3
DARK_SECONDS = 3.0
"""Without a frame, after which the show is lost and another one is begun for what is left."""


@dataclass
class Tried:
    """What one attack cost."""

    name: str
    began: float
    lost: list[str] = field(default_factory=list)


def hostile(times: int, seed: int, only: str = "") -> dict[str, Any]:
    """Figures of all attacks whose name has `only` in it, so many times over, in an order that the seed says."""
    outcome, chance = Outcome(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="vacesoak") as folder, socket.create_server(("127.0.0.1", 0)) as server:
        files = make_hostile_files(Path(folder), server.getsockname()[1])
        left = [attack for _ in range(times) for attack in shuffled(files, chance) if only in attack.name]
        count = len(left)
        while left:
            with open_stage() as stage:
                tried = list(_until_dark(stage, left))
            outcome.end(stage)
            outcome.lost += [f"{each.name}: {line}" for each in tried for line in each.lost]
            outcome.lost += [
                f"{_during(tried, stage.watch.began + loss.began)}: {loss}" for loss in stage.watch.losses()
            ]
        if _was_called(server):
            outcome.lost.append("a playlist's address was opened")
    return summary("hostile", count, seed, outcome)


def all_attacks(files: Mapping[str, Path]) -> Iterator[Attack]:
    """files: those of `make_hostile_files`."""
    yield from path_attacks(files)
    yield from message_attacks()
    yield from sender_attacks()
    yield from connection_attacks()
    yield Attack("rings removed, engine killed", lambda stage: None, check=remove_rings, restarts=True)


def shuffled(files: Mapping[str, Path], chance: random.Random) -> list[Attack]:
    """All attacks, in a random order."""
    listed = list(all_attacks(files))
    chance.shuffle(listed)
    return listed


def _until_dark(stage: Stage, left: list[Attack]) -> Iterator[Tried]:
    """Try what is left, taking each from the list, as long as the output lives."""
    while left:
        tried = try_attack(stage, left.pop(0))
        yield tried
        if not _lives(stage):
            tried.lost.append("the output ended for good")
            return


def _lives(stage: Stage) -> bool:
    """Whether frames still come."""
    frames = stage.watch.seen.frames
    return stage.show.alive and bool(wait_until(lambda: stage.watch.seen.frames > frames, DARK_SECONDS))


def try_attack(stage: Stage, attack: Attack) -> Tried:
    """Deliver it, wait for the answer, see what it cost, and put back what it changed."""
    watch, sender = stage.watch, stage.sender
    watch.renew()
    engine = stage.show.engine()
    before = dict(watch.seen.values)
    sender.receive()
    tried = Tried(attack.name, watch.mark())
    with attack.around(stage):
        attack.deliver(stage)
        told = _told(stage, attack, before.get(attack.address))
        tried.lost += attack.judge(told, before.get(attack.address), watch.seen.values.get(attack.address))
        tried.lost += [line for line in [attack.check(stage)] if line is not None]
        if attack.address == SOURCE:
            _look_at_the_source(stage)
        tried.lost += _changed(attack, before, watch.seen.values)
    tried.lost += put_back(stage, before)
    if not attack.restarts and engine is not None and stage.show.engine() != engine:
        tried.lost.append("the engine was started again")
    return tried


def _look_at_the_source(stage: Stage) -> None:
    """Show it as it is for a moment: the output reads what capture has."""
    stage.sender.send("/vace/bypass", 1)
    time.sleep(BYPASS_SECONDS)
    stage.sender.send("/vace/bypass", 0)
    wait_until(lambda: stage.watch.seen.values.get("/vace/bypass") == (0,), BACK_SECONDS)


def _told(stage: Stage, attack: Attack, before: Value | None) -> bool:
    """Whether its sender hears of it; what may be taken is not waited for once it has been."""
    if not attack.address:
        time.sleep(SETTLE_SECONDS)
        return False
    end = time.monotonic() + TOLD_SECONDS
    taken: float | None = None
    while (now := time.monotonic()) < end:
        if stage.sender.wait_for_error(attack.address, 0.05) is not None:
            time.sleep(SETTLE_SECONDS)  # what was refused goes back
            return True
        if stage.watch.seen.values.get(attack.address) == before:
            taken = None
        elif taken is None:
            taken = now
        if taken is not None and not attack.must_tell and now - taken > SETTLE_SECONDS:
            return False
    return False


def _changed(attack: Attack, before: dict[str, Value], after: dict[str, Value]) -> list[str]:
    return [
        f"{address} changed to {shortened(after.get(address))}"
        for address, value in before.items()
        if address not in (attack.address, *attack.touches) and after.get(address) != value
    ]


def _during(tried: Sequence[Tried], moment: float) -> str:
    """The name of what was tried then."""
    return next((each.name for each in reversed(tried) if each.began <= moment), "before the first")


def _was_called(server: socket.socket) -> bool:
    """Whether anybody has connected."""
    server.setblocking(False)
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True
