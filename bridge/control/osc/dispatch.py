"""What a message means: a control set, or a question; and who hears of what went wrong with it.

Addresses are those of the table, and their normalised forms, and those of the questions (see questions.py). What cannot
be done answers `/vace/error ADDRESS REASON`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from bridge.web.access import Access

from ..mailbox import Mailbox
from ..normalised import NormalisedControl
from ..parameters import Control, ControlError, ControlTable
from .counters import OscCounters
from .event_list import EventList
from .packets import DamagedPacket, Message, parse
from .patterns import PatternSearch, is_pattern
from .peers import Peer, is_here
from .questions import Question, Questions
from .replies import Replies
from .sent_values import sent_values
from .subscribers import Subscribers
from .token import TOKEN, TokenCheck, require_named

log = logging.getLogger(__name__)

NOTE_SECONDS = 60.0
"""Between two lines of log about damaged packets."""
GIVES_TOKEN = TOKEN.encode() + b"\0"
MOST_OF_STRANGER = 1024
"""Bytes of a packet that gives the token."""


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
        self._mailbox, self._token = mailbox, token or TokenCheck(None)
        self._subscribers, self._access, self._counters = subscribers, access, counters
        self._rows = {row.address: row for row in table}
        self._known: dict[str, Control | NormalisedControl] = {**self._rows, **normalised}
        self._faders = {row.address for row in table if row.type == "float" and row.holds and not row.dangerous}
        self._faders -= {row.address for row in table if row.also}
        self.patterns = PatternSearch({name: found for name, found in self._known.items() if not _is_dangerous(found)})
        self.replies = Replies(table, subscribers, counters)
        self._questions = Questions(
            normalised, mailbox, subscribers, access, self._token, answers, is_own, events, self.replies
        )
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
            self.replies.credit.forget()
        if not self._access.admits(peer.host) and not self._token.knows(peer.key):
            self._hear_stranger(packet, peer)
            return
        try:
            messages = parse(packet)
        except DamagedPacket as reason:
            self._note_damage(str(reason), peer)
            return
        self.last = peer
        self.replies.credit.earn(len(packet))
        if len(messages) == 1 and self._is_of_fader(messages[0]):
            self._heard(messages, peer)
            address, (value,) = messages[0].address, messages[0].arguments
            self._subscribers.moved(peer, address, value)
            self._held.append((address, value))
            return
        self._take([message for message in messages if not self._questions.is_said(message)], peer)

    def _hear_stranger(self, packet: bytes, peer: Peer) -> None:
        """Who is not let in is heard of one thing only, if at all: that he gives the token."""
        self.last = None
        if not self._token.wanted or not packet.startswith(GIVES_TOKEN) or len(packet) > MOST_OF_STRANGER:
            self._counters.ignored += 1
            return
        self.replies.credit.earn(len(packet))
        with suppress(DamagedPacket):
            self._take(parse(packet), peer)

    def _take(self, messages: list[Message], peer: Peer) -> None:
        """Do what the messages of one packet say."""
        if messages:
            self._heard(messages, peer)
        self.patterns.begin_packet()
        changes: list[tuple[str, Any]] = []
        questions: list[Message] = []
        asking = self._questions.addresses
        for message in messages:
            if message.fault:
                self._refuse_unreadable(message, peer)
                continue
            if message.read_as:
                self.replies.tell_of_text(message, peer)
            if message.address in asking:
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
                self._questions.answer(question, peer)

    def _heard(self, messages: list[Message], peer: Peer) -> None:
        self._subscribers.renew(peer)
        if self._token.wanted:
            self._token.heard(peer.key)
        self._counters.messages += len(messages)

    def _is_of_fader(self, message: Message) -> bool:
        """Whether it is a number for a control that takes just that from anybody: by far the most of what comes."""
        return message.address in self._faders and len(message.arguments) == 1 and type(message.arguments[0]) is float

    def flush(self) -> None:
        """Put the values in place that were held back."""
        peer, changes = self.last, self._held
        if not changes or peer is None:
            return
        self._held = []
        for address, report in self._mailbox.apply(changes, peer.key, is_here(peer.host)):
            self.replies.refuse(address, report, peer)

    def notify(self, address: str, reason: str) -> None:
        """`/vace/error address reason` to all subscribers, and to whoever set that control, or else sent last."""
        self.replies.tell_fault(address, reason, self._set_by.get(address, self.last))

    def forget(self, peer: Peer) -> None:
        """A connection has ended: there is nobody there to be told of anything."""
        self._set_by = {address: by for address, by in self._set_by.items() if by.key != peer.key}

    def _read(self, message: Message, peer: Peer, changes: list[tuple[str, Any]], questions: list[Message]) -> None:
        """What a message sets is added to `changes`, what it asks to `questions`."""
        if message.address not in self._known and not is_pattern(message.address):
            self.replies.refuse_unknown(message.address, peer)
            return
        try:
            controls = self._meant(message.address, peer)
        except ControlError as reason:
            self.replies.refuse(message.address, str(reason), peer)
            return
        for control in controls:
            row = control.control if isinstance(control, NormalisedControl) else control
            if message.arguments[:1] == ("?",) and row.type not in ("string", "strings"):
                questions.append(Message("/vace/get", (control.address,)))
                continue
            self._set_by[row.address] = peer
            try:
                sent = sent_values(control, row, message.arguments)
            except ControlError as reason:
                self.replies.refuse(control.address, str(reason), peer)
                continue
            for address, value, shown, report in sent:
                if report:
                    self.replies.refuse(control.address, report, peer)
                self._subscribers.moved(peer, address, shown)
                changes.append((address, value))

    def _meant(self, address: str, peer: Peer) -> list[Control | NormalisedControl]:
        """The control or normalised control of an address, or all that a pattern means, but not what must be meant by
        name."""
        known = self._known.get(address)
        if known is not None:
            if _is_dangerous(known):
                require_named(address, peer, self._access, self._token)
            return [known]
        return self.patterns.find(address)

    def _refuse_unreadable(self, message: Message, peer: Peer) -> None:
        """Count it; tell whoever sent it, if it has an address to speak of."""
        if message.address:
            self._counters.damaged += 1
            self.replies.refuse(message.address, message.fault, peer)
        else:
            self._note_damage(message.fault, peer)

    def _note_damage(self, reason: str, peer: Peer) -> None:
        """Nobody is told of it by OSC: the sender may be no OSC program at all."""
        self._counters.damaged += 1
        now = time.monotonic()
        if now - self._last_note >= NOTE_SECONDS:
            self._last_note = now
            log.warning("OSC from %s:%d: %s; %d such so far", *peer.key[1:], reason, self._counters.damaged)


def _is_dangerous(found: Control | NormalisedControl) -> bool:
    return (found.control if isinstance(found, NormalisedControl) else found).dangerous
