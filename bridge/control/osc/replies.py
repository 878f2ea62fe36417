"""What is sent back: answers and refusals, and no more of them than their receiver may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..parameters import ControlError, ControlTable
from .counters import OscCounters
from .limits import ANSWER_FACTOR, AnswerCredit, RateLimiter
from .packets import MAX_BYTES, Message
from .peers import Peer, encode, is_here
from .subscribers import Subscribers

ERRORS_PER_SECOND = 20
ANSWERS_PER_SECOND = 200
"""To all senders together. A controller that floods gets no flood of errors back, and does not use up the answers."""
MAX_ECHO = 256
"""Characters that come back of what someone sent: a ping's token, an address that does not exist."""
MOST_TOLD = 256
"""Senders that are remembered as told that their texts are no UTF-8."""
ERROR = "/vace/error"
TOO_LONG = f"the answer is over {ANSWER_FACTOR} times the question; /vace/subscribe first, or use TCP"


class Replies:
    """Used by one thread. Whoever subscribes is answered where he listens."""

    def __init__(self, table: ControlTable, subscribers: Subscribers, counters: OscCounters) -> None:
        self._table, self._subscribers, self._counters = table, subscribers, counters
        self.credit = AnswerCredit()
        """Of the sender whose packets are taken now."""
        self._told_of_texts: dict[tuple[str, str, int], None] = {}
        self._error_limiter = RateLimiter(ERRORS_PER_SECOND)
        self._fault_limiter = RateLimiter(ERRORS_PER_SECOND)  # so that a flood of refusals leaves room for faults
        self._answer_limiter = RateLimiter(ANSWERS_PER_SECOND)

    def answer(self, address: str, arguments: Sequence[Any], peer: Peer) -> None:
        """One of the answers of this second, if there is one left."""
        if self._answer_limiter.allow():
            self.send(address, arguments, peer)

    def answer_all(self, packets: Sequence[bytes], peer: Peer) -> None:
        """An answer in several packets, together no larger than `room`: all of them or none."""
        if not self._answer_limiter.allow(len(packets)):
            return
        free = self.is_free(peer)
        for packet in packets:
            self._send_packet(packet, peer, free)

    def refuse(self, address: str, reason: str, peer: Peer) -> None:
        """Tell a peer that something was not taken as it came, and why."""
        self._counters.refused += 1
        if self._error_limiter.allow():
            self.send(ERROR, [address[:MAX_ECHO], reason], peer)

    def refuse_unknown(self, address: str, peer: Peer) -> None:
        """As `refuse`; what was perhaps meant is looked for only if it is going to be told.

        A host may send all its channels here, sixty times a second each.
        """
        self._counters.refused += 1
        if self._error_limiter.allow():
            try:
                self._table[address]
            except ControlError as reason:
                self.send(ERROR, [address[:MAX_ECHO], str(reason)], peer)

    def tell_of_text(self, message: Message, peer: Peer) -> None:
        """Once to each sender: the text is taken, but may not be what was meant."""
        if peer.key in self._told_of_texts or not self._error_limiter.allow():
            return
        if len(self._told_of_texts) >= MOST_TOLD:
            self._told_of_texts.clear()
        self._told_of_texts[peer.key] = None
        said = f"the text is no UTF-8, and was read as {message.read_as}; have its sender send UTF-8"
        self.send(ERROR, [message.address[:MAX_ECHO], said], peer)

    def tell_fault(self, address: str, reason: str, peer: Peer | None) -> None:
        """Tell all subscribers, and that peer, of what went wrong later."""
        if not self._fault_limiter.allow():
            return
        packet = encode(ERROR, [address[:MAX_ECHO], reason])
        if packet is None:
            return
        self._subscribers.notify(packet)
        if peer is not None and not self._subscribers.listens(peer):
            self.send(ERROR, [address[:MAX_ECHO], reason], peer)

    def send(self, address: str, arguments: Sequence[Any], peer: Peer) -> None:
        """Send one message, however many there were; to who may not have sent the question himself, only if it is not
        much larger than that."""
        packet = encode(address, arguments)
        if packet is None:
            return
        free = self.is_free(peer)
        if not free:
            room = self.credit.room()
            if len(packet) > room:
                packet = _shortened(address, arguments, room)
            if packet is None or len(packet) > room:
                return
        self._send_packet(packet, peer, free)

    def room(self, peer: Peer) -> int:
        """Bytes that an answer may have."""
        return MAX_BYTES if self.is_free(peer) else self.credit.room()

    def is_free(self, peer: Peer) -> bool:
        """Whether he may be answered at any length: nobody else can have sent in his name, or he asked for it all."""
        return peer.key[0] != "udp" or is_here(peer.host) or self._subscribers.listens(peer)

    def _send_packet(self, packet: bytes, peer: Peer, free: bool) -> None:
        if not free:
            self.credit.spend(len(packet))
        self._subscribers.where(peer).send(packet)


def _shortened(address: str, arguments: Sequence[Any], room: int) -> bytes | None:
    """An error with as much of its reason as there is room for; for other answers, an error that says why not."""
    if address == ERROR:
        about, reason = arguments
    else:
        about, reason = address, TOO_LONG
    bare = len(encode(ERROR, [about, ""]) or b"")
    cut = reason.encode()[: max(room - bare, 0)].decode(errors="ignore")
    return encode(ERROR, [about, cut]) if cut else None
