"""Subscribers: who is told of every change, but not of his own.

A subscriber gets all values once, then what changes, at most thirty times a second and the latest value only. One who
moves a control hears nothing of that control until he has let go of it for a quarter of a second, and then only if it
holds something else than what he sent. Everything here runs in the server's thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..mailbox import Mailbox
from ..normalised import NormalisedControl
from ..parameters import Control, ControlError, ControlTable, Value
from .counters import OscCounters
from .peers import Peer, as_arguments, encode

MAX_SUBSCRIBERS = 16
LIFE_SECONDS = 60.0
"""Without a word from it."""
ROUND_SECONDS = 1 / 30
ECHO_SECONDS = 0.25
HEARTBEAT_SECONDS = 0.5
STATUS = "/vace/status"


@dataclass
class Subscriber:
    """Where answers go, from whom messages come, what is known there. normalised: whether normalised values are sent
    too."""

    target: Peer
    source: tuple[str, str, int]
    normalised: bool
    heard: float
    due: set[str]
    """Addresses to be looked at in the next round."""
    known: dict[str, Any] = field(default_factory=dict)
    """What the other end last said or was told, by address."""
    moved: dict[str, float] = field(default_factory=dict)
    """When it last moved a control itself, by address, for as long as that matters."""


class Subscribers:
    """status: what `/vace/status` says, None for no heartbeat."""

    def __init__(
        self,
        table: ControlTable,
        normalised: Iterable[NormalisedControl],
        mailbox: Mailbox,
        counters: OscCounters,
        status: Callable[[], Sequence[Any]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._table, self._mailbox, self._counters, self._status = table, mailbox, counters, status
        self._normalised = {normalised.control.address: normalised for normalised in normalised}
        self._by_target: dict[tuple[str, str, int], Subscriber] = {}
        # Those for whom a sender speaks: who subscribed from there, and who listens there.
        self._speaking: dict[tuple[str, str, int], tuple[Subscriber, ...]] = {}
        self._seen = 0
        self._last_beat = -math.inf

    def subscribe(self, peer: Peer, target: Peer, normalised: bool) -> None:
        """Tell `target` from now on, on behalf of `peer`. ControlError if there are too many."""
        if target.key not in self._by_target and len(self._by_target) >= MAX_SUBSCRIBERS:
            raise ControlError(f"there are {MAX_SUBSCRIBERS} subscribers already; one must /vace/unsubscribe")
        everything = {row.address for row in self._table if row.holds}
        self._by_target[target.key] = Subscriber(target, peer.key, normalised, self._clock(), everything)
        self._count()

    def unsubscribe(self, peer: Peer) -> None:
        """Forget those who subscribed from there, or listen there."""
        for subscriber in self._speaking.get(peer.key, ()):
            del self._by_target[subscriber.target.key]
        self._count()

    def renew(self, peer: Peer) -> None:
        """Something was heard from there."""
        for subscriber in self._speaking.get(peer.key, ()):
            subscriber.heard = self._clock()

    def moved(self, peer: Peer, address: str, sent: Any) -> None:
        """`peer` says that a control is at `sent` (None: it does not know where), which is about to be taken."""
        for subscriber in self._speaking.get(peer.key, ()):
            subscriber.known[address] = sent
            subscriber.moved[address] = self._clock()
            subscriber.due.add(address)

    def notify(self, packet: bytes) -> None:
        """Send all of them one packet."""
        for subscriber in list(self._by_target.values()):
            subscriber.target.send(packet)

    def listens(self, peer: Peer) -> bool:
        """Whether `notify` reaches whoever this peer stands for."""
        return peer.key in self._speaking

    def where(self, peer: Peer) -> Peer:
        """Where an answer to this peer is heard: where it has subscribed, if it has, as many listen on another port."""
        speaking = self._speaking.get(peer.key)
        return speaking[0].target if speaking else peer

    def round(self) -> None:
        """Forget the silent, send the rest what is new to them. To be called every ROUND_SECONDS."""
        now = self._clock()
        for subscriber in list(self._by_target.values()):
            if now - subscriber.heard > LIFE_SECONDS:
                del self._by_target[subscriber.target.key]
                self._count()
        if not self._by_target:
            return
        changed = self._mailbox.since(self._seen)
        if changed:
            self._seen = max(change.version for change in changed.values())
        values = self._mailbox.snapshot()
        for subscriber in list(self._by_target.values()):
            subscriber.due.update(changed)
            self._push(subscriber, values, now)
        if self._status is not None and now - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = now
            self._send_all(STATUS, self._status())

    def _push(self, subscriber: Subscriber, values: dict[str, Value], now: float) -> None:
        for address in [address for address in values if address in subscriber.due]:
            if now - subscriber.moved.get(address, -math.inf) < ECHO_SECONDS:
                continue
            subscriber.moved.pop(address, None)
            subscriber.due.discard(address)
            value = values[address]
            if address not in subscriber.known or not alike(self._table[address], subscriber.known[address], value):
                subscriber.known[address] = value
                self._say(subscriber, address, value)

    def _say(self, subscriber: Subscriber, address: str, value: Value) -> None:
        packets = [encode(address, as_arguments(value))]
        normalised = self._normalised.get(address)
        if subscriber.normalised and normalised is not None:
            packets.append(encode(normalised.address, [normalised.of(value)]))
        for packet in packets:
            if packet is not None:
                subscriber.target.send(packet)

    def _send_all(self, address: str, arguments: Sequence[Any]) -> None:
        packet = encode(address, arguments)
        if packet is not None:
            self.notify(packet)

    def _count(self) -> None:
        self._counters.subscribers = len(self._by_target)
        speaking: dict[tuple[str, str, int], tuple[Subscriber, ...]] = {}
        for subscriber in self._by_target.values():
            for key in {subscriber.source, subscriber.target.key}:
                speaking[key] = (*speaking.get(key, ()), subscriber)
        self._speaking = speaking


def alike(control: Control, sent: Any, value: Value) -> bool:
    """Whether a control that shows what was sent shows what is: 0.3 as 32 bits is 0.3, but a clamped 7 is no 2."""
    if control.type == "choice":  # by name in any case, or by number
        try:
            return control.accept(sent).value == value
        except ControlError:
            return False
    if control.type == "int":
        return sent == value
    if isinstance(sent, int | float) and isinstance(value, int | float):
        return math.isclose(sent, value, rel_tol=1e-6)
    if control.type == "floats":
        ends = Control(control.address, "float", 0.0, "")
        return len(sent) == len(value) and all(alike(ends, one, other) for one, other in zip(sent, value))  # type: ignore[arg-type]
    return sent == value
