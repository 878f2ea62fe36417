"""A dispatcher and its subscribers, without sockets, on a clock that the test sets."""

from __future__ import annotations

from typing import Any

from bridge.control.mailbox import Mailbox
from bridge.control.normalised import normalised_controls
from bridge.control.osc.counters import OscCounters
from bridge.control.osc.dispatch import Dispatcher
from bridge.control.osc.peers import Peer, encode
from bridge.control.osc.subscribers import Subscribers
from bridge.control.osc.token import TokenCheck
from bridge.control.parameters import Control, ControlTable
from bridge.web.access import Access
from tests.bridge.control.osc.listener import Listener

TABLE = ControlTable(
    [
        Control("/vace/scale", "float", 1.0, "How much.", low=0.0, high=2.0),
        Control("/vace/seed", "int", 0, "Noise.", low=0, high=100),
        Control("/vace/prompt", "string", "", "Words.", also=("/vace/fade",)),
        Control("/vace/fade", "float", 0.0, "How long.", low=0.0, high=60.0),
        Control("/vace/control", "choice", "depth", "What.", choices=("depth", "scribble")),
        Control("/vace/freeze", "bool", False, "Hold."),
        Control("/vace/box", "floats", (0.0, 1.0), "A box.", low=-1.0, high=2.0, counts=(2,)),
        Control("/vace/reset", "trigger", False, "Forget.", dangerous=True),
    ]
)


class Stage:
    """answers, events: as the dispatcher's; status: what `/vace/status` says."""

    def __init__(
        self,
        status: Any = None,
        allow: tuple = (),
        token: str | None = None,
        table: ControlTable = TABLE,
        answers: dict[str, Any] | None = None,
        own: Peer | None = None,
        events: Any = None,
    ) -> None:
        self.now = 100.0
        self.mailbox = Mailbox(table)
        self.counters = OscCounters()
        by_address = normalised_controls(table)
        self.subscribers = Subscribers(
            table, by_address.values(), self.mailbox, self.counters, status, lambda: self.now
        )
        self.dispatcher = Dispatcher(
            table,
            by_address,
            self.mailbox,
            self.subscribers,
            Access(allow),
            self.counters,
            answers or {},
            TokenCheck(token),
            lambda peer: own is not None and peer.key == own.key,
            events,
        )

    def send(self, peer: Peer, address: str, *arguments: Any) -> None:
        packet = encode(address, arguments)
        assert packet is not None
        self.dispatcher.receive(packet, peer)
        self.dispatcher.flush()

    def pass_by(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.subscribers.round()

    def subscribed(self, *arguments: Any, port: int = 5000) -> Listener:
        """One who has heard the snapshot."""
        peer = Listener(port=port)
        self.send(peer, "/vace/subscribe", *arguments)
        self.pass_by()
        peer.told()
        return peer
