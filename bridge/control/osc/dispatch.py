"""What a message means: a control set, a question answered, a subscription; and what its sender is told.

Addresses are those of the table, and their normalised forms. Besides: `/vace/get ADDRESS` answers `ADDRESS value`,
`/vace/dump` all of them, `/vace/ping [token]` answers `/vace/pong [token]`, `/vace/subscribe [port] [1]` and
`/vace/unsubscribe` begin and end feedback, `/vace/token TEXT` makes a sender from another machine known,
`/vace/events [N]` answers what has gone wrong lately, and what cannot be done answers `/vace/error ADDRESS REASON`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

from bridge.web.access import Access

from ..mailbox import Mailbox, Relative
from ..normalised import NormalisedControl
from ..parameters import LISTS, Accepted, Control, ControlError, ControlTable, is_number
from .counters import OscCounters
from .event_list import EVENT, EVENTS, EventList, event_packets
from .limits import ANSWER_FACTOR, AnswerCredit, RateLimiter
from .packets import MAX_BYTES, Argument, DamagedPacket, Message, parse
from .patterns import PatternSearch, is_pattern
from .peers import Peer, as_arguments, encode, is_here
from .subscribers import Subscribers
from .token import TokenCheck

log = logging.getLogger(__name__)

ERRORS_PER_SECOND = 20
ANSWERS_PER_SECOND = 200
"""To all senders together. A controller that floods gets no flood of errors back, and does not use up the answers."""
DUMP_SECONDS = 0.2
NOTE_SECONDS = 60.0
"""Between two lines of log about damaged packets."""
MAX_ECHO = 256
"""Characters that come back of what someone sent: a ping's token, an address that does not exist."""
MOST_TOLD = 256
"""Senders that are remembered as told that their texts are no UTF-8."""
TOKEN, ERROR, KNOWN = "/vace/token", "/vace/error", "/vace/token/accepted"
GIVES_TOKEN = TOKEN.encode() + b"\0"
MOST_OF_STRANGER = 1024
"""Bytes of a packet that gives the token."""
ONLY_SAID = (ERROR, "/vace/pong", KNOWN, EVENT)
"""What only a program like this one says. It is not answered, or two of them would talk for ever."""
TOO_LONG = f"the answer is over {ANSWER_FACTOR} times the question; /vace/subscribe first, or use TCP"
PORT = Control("a port", "int", 0, "", low=0, high=65535)
SIGNS = {"+": 1.0, "-": -1.0}

Question = Callable[[], Sequence[Any]]
"""What an address that only answers says."""


class Dispatcher:
    """Takes packets, in one thread. answers: further addresses that only answer. token: who is let in by one.
    is_own: whether something sent to a peer would come back here. events: what `/vace/events` answers, None where
    nobody keeps any.

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
        token: TokenCheck | None = None,
        is_own: Callable[[Peer], bool] = lambda _: False,
        events: EventList | None = None,
    ) -> None:
        self._table, self._normalised, self._mailbox = table, normalised, mailbox
        self._subscribers, self._access, self._counters, self._answers = subscribers, access, counters, answers
        self._rows = {row.address: row for row in table}
        self._known: dict[str, Control | NormalisedControl] = {**self._rows, **normalised}
        self._faders = {row.address for row in table if row.type == "float" and row.holds and not row.dangerous}
        self._faders -= {row.address for row in table if row.also}
        self.patterns = PatternSearch({name: found for name, found in self._known.items() if not _is_dangerous(found)})
        self._asking = {
            "/vace/ping",
            "/vace/get",
            "/vace/dump",
            "/vace/subscribe",
            "/vace/unsubscribe",
            TOKEN,
            *answers,
        }
        if events is not None:
            self._asking.add(EVENTS)
        self._token, self._is_own, self._events = token or TokenCheck(None), is_own, events
        self._credit = AnswerCredit()
        self._told_of_texts: dict[tuple[str, str, int], None] = {}
        self._error_limiter = RateLimiter(ERRORS_PER_SECOND)
        self._fault_limiter = RateLimiter(ERRORS_PER_SECOND)  # so that a flood of refusals leaves room for faults
        self._answer_limiter = RateLimiter(ANSWERS_PER_SECOND)
        self._last_dump = -DUMP_SECONDS
        self._last_note = -NOTE_SECONDS
        self._held: list[tuple[str, Any]] = []
        self.last: Peer | None = None
        """Who sent last."""
        self._set_by: dict[str, Peer] = {}  # what can go wrong later, by address

    def receive(self, packet: bytes, peer: Peer) -> None:
        """Do what a packet says. Its values are taken together, so that nobody sees half of a bundle."""
        self._counters.packets += 1
        if peer is not self.last:
            self.flush()
            self._credit.forget()
        if not self._access.admits(peer.host) and not self._token.knows(peer.key):
            self._hear_stranger(packet, peer)
            return
        try:
            messages = parse(packet)
        except DamagedPacket as reason:
            self._note_damage(str(reason), peer)
            return
        self.last = peer
        self._credit.earn(len(packet))
        if len(messages) == 1 and self._is_of_fader(messages[0]):
            self._heard(messages, peer)
            address, (value,) = messages[0].address, messages[0].arguments
            self._held.append(self._sent(address, value, value, peer))
            return
        self._take([message for message in messages if not self._is_said(message)], peer)

    def _hear_stranger(self, packet: bytes, peer: Peer) -> None:
        """Who is not let in is heard of one thing only, if at all: that he gives the token."""
        self.last = None
        if not self._token.wanted or not packet.startswith(GIVES_TOKEN) or len(packet) > MOST_OF_STRANGER:
            self._counters.ignored += 1
            return
        self._credit.earn(len(packet))
        with suppress(DamagedPacket):
            self._take(parse(packet), peer)

    def _take(self, messages: list[Message], peer: Peer) -> None:
        """Do what the messages of one packet say."""
        if messages:
            self._heard(messages, peer)
        self.patterns.begin_packet()
        changes: list[tuple[str, Any]] = []
        questions: list[Message] = []
        for message in messages:
            if message.fault:
                self._refuse_unreadable(message, peer)
                continue
            if message.read_as:
                self._tell_of_text(message, peer)
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

    def _heard(self, messages: list[Message], peer: Peer) -> None:
        self._subscribers.renew(peer)
        if self._token.wanted:
            self._token.heard(peer.key)
        self._counters.messages += len(messages)

    def _is_of_fader(self, message: Message) -> bool:
        """Whether it is a number for a control that takes just that from anybody: by far the most of what comes."""
        return message.address in self._faders and len(message.arguments) == 1 and type(message.arguments[0]) is float

    def _is_said(self, message: Message) -> bool:
        """Whether it is what a program like this one says, and no question: answers begin with a text or with nil."""
        if message.address in ONLY_SAID:
            return True
        return message.address in self._answers and isinstance((*message.arguments, 0)[0], str | None)

    def flush(self) -> None:
        """Put the values in place that were held back."""
        peer, changes = self.last, self._held
        if not changes or peer is None:
            return
        self._held = []
        for address, report in self._mailbox.apply(changes, peer.key, self._is_here(peer)):
            self.refuse(address, report, peer)

    def notify(self, address: str, reason: str) -> None:
        """`/vace/error address reason` to all subscribers, and to whoever set that control, or else sent last."""
        if not self._fault_limiter.allow():
            return
        packet = encode(ERROR, [address[:MAX_ECHO], reason])
        if packet is None:
            return
        self._subscribers.notify(packet)
        peer = self._set_by.get(address, self.last)
        if peer is not None and not self._subscribers.listens(peer):
            self._send(peer, ERROR, [address[:MAX_ECHO], reason])

    def forget(self, peer: Peer) -> None:
        """A connection has ended: there is nobody there to be told of anything."""
        self._set_by = {address: by for address, by in self._set_by.items() if by.key != peer.key}

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
            self._set_by[row.address] = peer
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
        return self.patterns.find(address)

    def _check(self, found: Control | NormalisedControl, peer: Peer) -> None:
        if _is_dangerous(found):
            self._check_named(found.address, peer)

    def _check_named(self, address: str, peer: Peer) -> None:
        """ControlError for who is neither on this machine, nor named, nor has the token."""
        if not self._access.named(peer.host) and not self._token.knows(peer.key):
            token = f", and who has not said {TOKEN}" if self._token.wanted else ""
            raise ControlError(f"{address} is not for {peer.host}, which --osc-allow does not name{token}")

    @staticmethod
    def _is_here(peer: Peer) -> bool:
        return is_here(peer.host)

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
        if row.type == "trigger" and arguments[0] is None:
            return [(row.address, 1), (row.address, 0)]
        if row.type == "string":
            arguments = _joined(arguments, bool(row.also))
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
                case address, arguments if address == TOKEN:
                    self._let_in(arguments, peer)
                case "/vace/get", (str(address), *_):
                    self._give(address, peer)
                case "/vace/get", _:
                    raise ControlError("/vace/get needs the address of a control")
                case "/vace/dump", _:
                    self._dump(peer)
                case address, arguments if address == EVENTS:
                    self._tell_events(arguments, peer)
                case "/vace/subscribe", arguments:
                    self._subscribe(peer, arguments)
                case "/vace/unsubscribe", arguments:
                    self._subscribers.unsubscribe(_target(peer, arguments))
                case address, _:
                    # Nil says that there is nothing, so that no answer looks like the question.
                    self._reply(peer, address, list(self._answers[address]()) or [None])
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
        self._check_named("/vace/dump", peer)
        if not self._is_free(peer):
            raise ControlError("/vace/dump is for this machine and for subscribers; /vace/subscribe first")
        now = time.monotonic()
        if now - self._last_dump < DUMP_SECONDS:
            return
        self._last_dump = now
        for address, value in self._mailbox.snapshot().items():
            self._send(peer, address, as_arguments(value))

    def _tell_events(self, arguments: tuple[Argument, ...], peer: Peer) -> None:
        """The last ones, as many as may be answered; they name files, so not everybody may ask."""
        self._check_named(EVENTS, peer)
        assert self._events is not None
        free = self._is_free(peer)
        packets = event_packets(self._events, arguments, MAX_BYTES if free else self._credit.room())
        if not packets:
            raise ControlError(TOO_LONG)
        if not self._answer_limiter.allow(len(packets)):
            return
        for packet in packets:
            if not free:
                self._credit.spend(len(packet))
            self._subscribers.where(peer).send(packet)

    def _subscribe(self, peer: Peer, arguments: tuple[Argument, ...]) -> None:
        self._check_named("/vace/subscribe", peer)
        normalised = len(arguments) > 1 and arguments[1] not in (0, "", None)
        target = _target(peer, arguments)
        if self._is_own(target):
            raise ControlError("that is where this program listens; subscribe with the port that you listen on")
        self._subscribers.subscribe(peer, target, normalised)

    def _let_in(self, arguments: tuple[Argument, ...], peer: Peer) -> None:
        self._token.give(peer.key, peer.host, str(arguments[0]) if arguments else "")
        self._reply(peer, KNOWN, [])

    def refuse(self, address: str, reason: str, peer: Peer) -> None:
        """Tell a peer that something was not taken as it came, and why."""
        self._counters.refused += 1
        if self._error_limiter.allow():
            self._send(peer, ERROR, [address[:MAX_ECHO], reason])

    def _refuse_unreadable(self, message: Message, peer: Peer) -> None:
        """Count it; tell whoever sent it, if it has an address to speak of."""
        if message.address:
            self._counters.damaged += 1
            self.refuse(message.address, message.fault, peer)
        else:
            self._note_damage(message.fault, peer)

    def _tell_of_text(self, message: Message, peer: Peer) -> None:
        """Once to each sender: the text is taken, but may not be what was meant."""
        if peer.key in self._told_of_texts or not self._error_limiter.allow():
            return
        if len(self._told_of_texts) >= MOST_TOLD:
            self._told_of_texts.clear()
        self._told_of_texts[peer.key] = None
        said = f"the text is no UTF-8, and was read as {message.read_as}; have its sender send UTF-8"
        self._send(peer, ERROR, [message.address[:MAX_ECHO], said])

    def _refuse_unknown(self, address: str, peer: Peer) -> None:
        """As `_refuse`; what was perhaps meant is looked for only if it is going to be told.

        A host may send all its channels here, sixty times a second each.
        """
        self._counters.refused += 1
        if self._error_limiter.allow():
            try:
                self._table[address]
            except ControlError as reason:
                self._send(peer, ERROR, [address[:MAX_ECHO], str(reason)])

    def _reply(self, peer: Peer, address: str, arguments: Sequence[Any]) -> None:
        if self._answer_limiter.allow():
            self._send(peer, address, arguments)

    def _send(self, peer: Peer, address: str, arguments: Sequence[Any]) -> None:
        """Send an answer; to who may not have sent the question himself, only if it is not much larger than that."""
        packet = encode(address, arguments)
        if packet is None:
            return
        if not self._is_free(peer):
            room = self._credit.room()
            if len(packet) > room:
                packet = self._shortened(address, arguments, room)
            if packet is None or len(packet) > room:
                return
            self._credit.spend(len(packet))
        self._subscribers.where(peer).send(packet)

    @staticmethod
    def _shortened(address: str, arguments: Sequence[Any], room: int) -> bytes | None:
        """An error with as much of its reason as there is room for; for other answers, an error that says why not."""
        if address == ERROR:
            about, reason = arguments
        else:
            about, reason = address, TOO_LONG
        bare = len(encode(ERROR, [about, ""]) or b"")
        cut = reason.encode()[: max(room - bare, 0)].decode(errors="ignore")
        return encode(ERROR, [about, cut]) if cut else None

    def _is_free(self, peer: Peer) -> bool:
        """Whether he may be answered at any length: nobody else can have sent in his name, or he asked for it all."""
        return peer.key[0] != "udp" or is_here(peer.host) or self._subscribers.listens(peer)

    def _note_damage(self, reason: str, peer: Peer) -> None:
        """Nobody is told of it by OSC: the sender may be no OSC program at all."""
        self._counters.damaged += 1
        now = time.monotonic()
        if now - self._last_note >= NOTE_SECONDS:
            self._last_note = now
            log.warning("OSC from %s:%d: %s; %d such so far", *peer.key[1:], reason, self._counters.damaged)


def _is_dangerous(found: Control | NormalisedControl) -> bool:
    return (found.control if isinstance(found, NormalisedControl) else found).dangerous


def _joined(arguments: tuple[Argument, ...], has_further: bool) -> tuple[Argument, ...]:
    """Several texts for one control are the words of a text that a host did not quote.

    Two of which the second is a number are a text and, where there is one, the further argument.
    """
    words = list(takewhile(lambda argument: isinstance(argument, str), arguments))
    if len(words) < 2 or (has_further and len(words) == 2 and is_number(words[1])):
        return arguments
    return (" ".join(map(str, words)), *arguments[len(words) :])


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
