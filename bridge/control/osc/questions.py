"""What can be asked: a control's value or all of them, what has gone wrong lately, feedback from now on, to be let in.

`/vace/get ADDRESS` answers `ADDRESS value`, `/vace/dump` all of them, `/vace/ping [token]` answers
`/vace/pong [token]`, `/vace/subscribe [port] [1]` and `/vace/unsubscribe` begin and end feedback, `/vace/token TEXT`
makes a sender from another machine known, and `/vace/events [N]` answers what has gone wrong lately.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.web.access import Access

from ..mailbox import Mailbox
from ..normalised import NormalisedControl
from ..parameters import Accepted, Control, ControlError
from .event_list import EVENT, EVENTS, EventList, event_packets
from .packets import Argument, Message
from .peers import Peer, as_arguments
from .replies import ERROR, MAX_ECHO, TOO_LONG, Replies
from .subscribers import Subscribers
from .token import KNOWN, TOKEN, TokenCheck, require_named

DUMP_SECONDS = 0.2
PONG = "/vace/pong"
ONLY_SAID = (ERROR, PONG, KNOWN, EVENT)
"""What only a program like this one says. It is not answered, or two of them would talk for ever."""
PORT = Control("a port", "int", 0, "", low=0, high=65535)

Question = Callable[[], Sequence[Any]]
"""What an address that only answers says."""


class Questions:
    """Answers them, in one thread, through `replies`; the other arguments are the `Dispatcher`'s.

    addresses: of all that can be asked.
    """

    def __init__(
        self,
        normalised: Mapping[str, NormalisedControl],
        mailbox: Mailbox,
        subscribers: Subscribers,
        access: Access,
        token: TokenCheck,
        answers: Mapping[str, Question],
        is_own: Callable[[Peer], bool],
        events: EventList | None,
        replies: Replies,
    ) -> None:
        self._normalised, self._mailbox, self._subscribers = normalised, mailbox, subscribers
        self._access, self._token, self._answers = access, token, answers
        self._is_own, self._events, self._replies = is_own, events, replies
        self._last_dump = -DUMP_SECONDS
        own = {"/vace/ping", "/vace/get", "/vace/dump", "/vace/subscribe", "/vace/unsubscribe", TOKEN}
        self.addresses = own | {*answers} | (set() if events is None else {EVENTS})

    def is_said(self, message: Message) -> bool:
        """Whether it is what a program like this one says, and no question: answers begin with a text or with nil."""
        if message.address in ONLY_SAID:
            return True
        return message.address in self._answers and isinstance((*message.arguments, 0)[0], str | None)

    def answer(self, question: Message, peer: Peer) -> None:
        """Do what is asked, or say why not."""
        try:
            match question.address, question.arguments:
                case "/vace/ping", token:
                    self._replies.answer(PONG, [_short(value) for value in token[:1]], peer)
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
                    self._replies.answer(address, list(self._answers[address]()) or [None], peer)
        except ControlError as reason:
            self._replies.refuse(question.address, str(reason), peer)

    def _give(self, address: str, peer: Peer) -> None:
        normalised = self._normalised.get(address)
        try:
            value = self._mailbox.get(address if normalised is None else normalised.control.address)
        except ControlError as reason:
            self._replies.refuse(address, str(reason), peer)
            return
        self._replies.answer(address, as_arguments(value) if normalised is None else [normalised.of(value)], peer)

    def _dump(self, peer: Peer) -> None:
        """All values; not more often than a person could want it, as the answer is much larger than the question."""
        require_named("/vace/dump", peer, self._access, self._token)
        if not self._replies.is_free(peer):
            raise ControlError("/vace/dump is for this machine and for subscribers; /vace/subscribe first")
        now = time.monotonic()
        if now - self._last_dump < DUMP_SECONDS:
            return
        self._last_dump = now
        for address, value in self._mailbox.snapshot().items():
            self._replies.send(address, as_arguments(value), peer)

    def _tell_events(self, arguments: tuple[Argument, ...], peer: Peer) -> None:
        """The last ones, as many as may be answered; they name files, so not everybody may ask."""
        require_named(EVENTS, peer, self._access, self._token)
        assert self._events is not None
        packets = event_packets(self._events, arguments, self._replies.room(peer))
        if not packets:
            raise ControlError(TOO_LONG)
        self._replies.answer_all(packets, peer)

    def _subscribe(self, peer: Peer, arguments: tuple[Argument, ...]) -> None:
        require_named("/vace/subscribe", peer, self._access, self._token)
        normalised = len(arguments) > 1 and arguments[1] not in (0, "", None)
        target = _target(peer, arguments)
        if self._is_own(target):
            raise ControlError("that is where this program listens; subscribe with the port that you listen on")
        self._subscribers.subscribe(peer, target, normalised)

    def _let_in(self, arguments: tuple[Argument, ...], peer: Peer) -> None:
        self._token.give(peer.key, peer.host, str(arguments[0]) if arguments else "")
        self._replies.answer(KNOWN, [], peer)


def _target(peer: Peer, arguments: tuple[Argument, ...]) -> Peer:
    """Where somebody wants his feedback: at a port of his host, or (none, or 0) where his messages come from."""
    accepted = PORT.accept(arguments[0]) if arguments else Accepted(0)
    if accepted.report:
        raise ControlError(accepted.report)
    return peer.at_port(int(accepted.value)) if accepted.value else peer  # type: ignore[arg-type]


def _short(token: Argument) -> Argument:
    return token[:MAX_ECHO] if isinstance(token, str | bytes) else token
