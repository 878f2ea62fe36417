"""What a message means: a control set, a question answered, a subscription; and what its sender is told.

Addresses are those of the table, and their normalised forms. Besides: `/vace/get ADDRESS` answers `ADDRESS value`,
`/vace/dump` all of them, `/vace/ping [token]` answers `/vace/pong [token]`, `/vace/subscribe [port] [1]` and
`/vace/unsubscribe` begin and end feedback, and what cannot be done answers `/vace/error ADDRESS REASON`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from bridge.web.access import Access

from ..mailbox import Mailbox, Relative
from ..normalised import NormalisedControl
from ..parameters import LISTS, Accepted, Control, ControlError, ControlTable
from .counters import OscCounters
from .packets import Argument, DamagedPacket, Message, parse
from .patterns import Pattern, is_pattern
from .peers import Peer, as_arguments, encode
from .subscribers import Subscribers

log = logging.getLogger(__name__)

ERRORS_PER_SECOND = 20
ANSWERS_PER_SECOND = 200
"""To all senders together. A controller that floods gets no flood of errors back, and does not use up the answers."""
DUMP_SECONDS = 0.2
NOTE_SECONDS = 60.0
"""Between two lines of log about damaged packets."""
MAX_ECHO = 256
"""Characters that come back of what someone sent: a ping's token, an address that does not exist."""
PORT = Control("a port", "int", 0, "", low=0, high=65535)
SIGNS = {"+": 1.0, "-": -1.0}

Question = Callable[[], Sequence[Any]]
"""What an address that only answers says."""


class Dispatcher:
    """Takes packets, in one thread. answers: further addresses that only answer.

    Values are held back until `flush`, or until something comes that must find them in place, so that a flood costs
    the mailbox's lock once and not ten thousand times a second.
    """

    def __init__(
        self,
        table: ControlTable,
        normalised: Mapping[str, NormalisedControl],
        mailbox: Mailbox,
        subscribers: Subscribers,
        access: Access,
        counters: OscCounters,
        answers: Mapping[str, Question],
    ) -> None:
        self._table, self._normalised, self._mailbox = table, normalised, mailbox
        self._subscribers, self._access, self._counters, self._answers = subscribers, access, counters, answers
        self._rows = {row.address: row for row in table}
        self._known: dict[str, Control | NormalisedControl] = {**self._rows, **normalised}
        self._matching = lru_cache(maxsize=128)(self._search)
        self._asking = {"/vace/ping", "/vace/get", "/vace/dump", "/vace/subscribe", "/vace/unsubscribe", *answers}
        self._error_limiter = RateLimiter(ERRORS_PER_SECOND)
        self._answer_limiter = RateLimiter(ANSWERS_PER_SECOND)
        self._last_dump = -DUMP_SECONDS
        self._last_note = -NOTE_SECONDS
        self._held: list[tuple[str, Any]] = []
        self.last: Peer | None = None
        """Who sent last."""

    def receive(self, packet: bytes, peer: Peer) -> None:
        """Do what a packet says. Its values are taken together, so that nobody sees half of a bundle."""
        self._counters.packets += 1
        if peer is not self.last:
            self.flush()
        try:
            messages = parse(packet)
        except DamagedPacket as reason:
            self._counters.damaged += 1
            self._note_damage(reason, peer)
            return
        self.last = peer
        self._subscribers.renew(peer)
        self._counters.messages += len(messages)
        changes: list[tuple[str, Any]] = []
        questions: list[Message] = []
        for message in messages:
            if message.address in self._asking:
                questions.append(message)
            else:
                self._read(message, peer, changes, questions)
        alone = bool(questions) or any(not self._rows[address].holds for address, _ in changes)
        if alone:
            self.flush()
        self._held += changes
        if alone:
            self.flush()
            for question in questions:
                self._answer(question, peer)

    def flush(self) -> None:
        """Put the values in place that were held back."""
        peer, changes = self.last, self._held
        if not changes or peer is None:
            return
        self._held = []
        for address, report in self._mailbox.apply(changes, peer.key):
            self.refuse(address, report, peer)

    def notify(self, address: str, reason: str) -> None:
        """`/vace/error address reason` to all subscribers, and to whoever sent last."""
        if not self._error_limiter.allow():
            return
        packet = encode("/vace/error", [address[:MAX_ECHO], reason])
        if packet is None:
            return
        self._subscribers.notify(packet)
        if self.last is not None and not self._subscribers.listens(self.last):
            self.last.send(packet)

    def _read(self, message: Message, peer: Peer, changes: list[tuple[str, Any]], questions: list[Message]) -> None:
        """What a message sets is added to `changes`, what it asks to `questions`."""
        if message.address not in self._known and not is_pattern(message.address):
            self._refuse_unknown(message.address, peer)
            return
        try:
            controls = self._meant(message.address, peer)
        except ControlError as reason:
            self.refuse(message.address, str(reason), peer)
            return
        for control in controls:
            row = control.control if isinstance(control, NormalisedControl) else control
            if message.arguments[:1] == ("?",) and row.type not in ("string", "strings"):
                questions.append(Message("/vace/get", (control.address,)))
                continue
            try:
                changes += self._set(control, row, message.arguments, peer)
            except ControlError as reason:
                self.refuse(control.address, str(reason), peer)

    def _meant(self, address: str, peer: Peer) -> list[Control | NormalisedControl]:
        """The control or normalised control of an address, or all that a pattern means, but not what must be meant by
        name."""
        known = self._known.get(address)
        if known is not None:
            self._check(known, peer)
            return [known]
        found = self._matching(address)
        if not found:
            raise ControlError(f"no control matches {address}")
        return found

    def _search(self, text: str) -> list[Control | NormalisedControl]:
        try:
            pattern = Pattern(text)
        except ValueError as reason:
            raise ControlError(str(reason)) from reason
        return [
            found
            for address, found in self._known.items()
            if not (found.control if isinstance(found, NormalisedControl) else found).dangerous
            and pattern.matches(address)
        ]

    def _check(self, found: Control | NormalisedControl, peer: Peer) -> None:
        row = found.control if isinstance(found, NormalisedControl) else found
        if row.dangerous and not self._access.named(peer.host):
            raise ControlError(f"{found.address} is not for {peer.host}, which --osc-allow does not name")

    def _set(
        self, control: Control | NormalisedControl, row: Control, arguments: tuple[Argument, ...], peer: Peer
    ) -> list[tuple[str, Any]]:
        """What these arguments set. Those that nothing is declared for are left alone: some controllers send more."""
        if row.type in LISTS:
            return [self._sent(row.address, arguments, arguments, peer)]
        if arguments in ((), (None,)):  # None is nil, which OSCQuery clients press a trigger with
            if row.type == "trigger":
                return [(row.address, 1), (row.address, 0)]
            if row.event:
                return [(row.address, row.default)]
            raise ControlError(f"{control.address} needs a value: {row.doc}")
        if row.type in ("float", "int") and arguments[0] in SIGNS:
            relative = _relative(control.address, arguments)
            step = control.step(relative) if isinstance(control, NormalisedControl) else relative
            return [self._sent(row.address, step, None, peer)]
        if isinstance(control, NormalisedControl):
            accepted = control.accept(arguments[0])
            if accepted.report:
                self.refuse(control.address, accepted.report, peer)
            return [self._sent(row.address, accepted.value, None if accepted.report else accepted.value, peer)]
        return [self._sent(*pair, pair[1], peer) for pair in zip((row.address, *row.also), arguments)]

    def _sent(self, address: str, value: Any, shown: Any, peer: Peer) -> tuple[str, Any]:
        self._subscribers.moved(peer, address, shown)
        return address, value

    def _answer(self, question: Message, peer: Peer) -> None:
        try:
            match question.address, question.arguments:
                case "/vace/ping", token:
                    self._reply(peer, "/vace/pong", [_short(value) for value in token[:1]])
                case "/vace/get", (str(address), *_):
                    self._give(address, peer)
                case "/vace/get", _:
                    raise ControlError("/vace/get needs the address of a control")
                case "/vace/dump", _:
                    self._dump(peer)
                case "/vace/subscribe", arguments:
                    self._subscribe(peer, arguments)
                case "/vace/unsubscribe", arguments:
                    self._subscribers.unsubscribe(_target(peer, arguments))
                case address, _:
                    self._reply(peer, address, self._answers[address]())
        except ControlError as reason:
            self.refuse(question.address, str(reason), peer)

    def _give(self, address: str, peer: Peer) -> None:
        normalised = self._normalised.get(address)
        try:
            value = self._mailbox.get(address if normalised is None else normalised.control.address)
        except ControlError as reason:
            self.refuse(address, str(reason), peer)
            return
        self._reply(peer, address, as_arguments(value) if normalised is None else [normalised.of(value)])

    def _dump(self, peer: Peer) -> None:
        """All values; not more often than a person could want it, as the answer is much larger than the question."""
        if not self._access.named(peer.host):
            raise ControlError(f"/vace/dump is not for {peer.host}, which --osc-allow does not name")
        now = time.monotonic()
        if now - self._last_dump < DUMP_SECONDS:
            return
        self._last_dump = now
        for address, value in self._mailbox.snapshot().items():
            self._send(peer, address, as_arguments(value))

    def _subscribe(self, peer: Peer, arguments: tuple[Argument, ...]) -> None:
        if not self._access.named(peer.host):
            raise ControlError(f"/vace/subscribe is not for {peer.host}, which --osc-allow does not name")
        normalised = len(arguments) > 1 and arguments[1] not in (0, "", None)
        self._subscribers.subscribe(peer, _target(peer, arguments), normalised)

    def refuse(self, address: str, reason: str, peer: Peer) -> None:
        """Tell a peer that something was not taken as it came, and why."""
        self._counters.refused += 1
        if self._error_limiter.allow():
            self._send(peer, "/vace/error", [address[:MAX_ECHO], reason])

    def _refuse_unknown(self, address: str, peer: Peer) -> None:
        """As `_refuse`; what was perhaps meant is looked for only if it is going to be told.

        A host may send all its channels here, sixty times a second each.
        """
        self._counters.refused += 1
        if self._error_limiter.allow():
            try:
                self._table[address]
            except ControlError as reason:
                self._send(peer, "/vace/error", [address[:MAX_ECHO], str(reason)])

    def _reply(self, peer: Peer, address: str, arguments: Sequence[Any]) -> None:
        if self._answer_limiter.allow():
            self._send(peer, address, arguments)

    def _send(self, peer: Peer, address: str, arguments: Sequence[Any]) -> None:
        packet = encode(address, arguments)
        if packet is not None:
            self._subscribers.where(peer).send(packet)

    def _note_damage(self, reason: DamagedPacket, peer: Peer) -> None:
        """Nobody is told of it by OSC: the sender may be no OSC program at all."""
        now = time.monotonic()
        if now - self._last_note >= NOTE_SECONDS:
            self._last_note = now
            log.warning("OSC from %s:%d: %s; %d such so far", *peer.key[1:], reason, self._counters.damaged)


class RateLimiter:
    """So many in a second, at most."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second, self._used = -1, 0

    def allow(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._used = second, 0
        self._used += 1
        return self._used <= self._per_second


def _relative(address: str, arguments: tuple[Argument, ...]) -> Relative:
    """`"+" 0.1` or `"-" 0.1`."""
    sign, amount = (*arguments, None)[:2]
    number = Control(address, "float", 0.0, "").accept(amount).value
    return Relative(SIGNS[str(sign)] * float(number))  # type: ignore[arg-type]


def _target(peer: Peer, arguments: tuple[Argument, ...]) -> Peer:
    """Where somebody wants his feedback: at a port of his host, or (none, or 0) where his messages come from."""
    accepted = PORT.accept(arguments[0]) if arguments else Accepted(0)
    if accepted.report:
        raise ControlError(accepted.report)
    return peer.at_port(int(accepted.value)) if accepted.value else peer  # type: ignore[arg-type]


def _short(token: Argument) -> Argument:
    return token[:MAX_ECHO] if isinstance(token, str | bytes) else token
