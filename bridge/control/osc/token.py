"""A token by which senders from other machines make themselves known: `/vace/token TEXT`."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from bridge.web.access import Access

from ..parameters import ControlError
from .peers import Peer

TOKEN, KNOWN = "/vace/token", "/vace/token/accepted"
TRIES, TRIES_SECONDS = 5, 60.0
"""Wrong tokens that one host may send in so long."""
LIFE_SECONDS = 3600.0
"""Without a word from there, a sender has to make itself known anew: its port may be another program's by then."""
MOST_HOSTS, MOST_KNOWN = 1024, 64

Key = tuple[str, str, int]


class TokenCheck:
    """token: what has to be said, None for nobody is let in by one. Who is known is so by address and port."""

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._token, self._clock = None if token is None else token.encode(), clock
        self._known: dict[Key, float] = {}
        self._wrong: dict[str, list[float]] = {}

    @property
    def wanted(self) -> bool:
        """Whether there is a token at all."""
        return self._token is not None

    def knows(self, key: Key) -> bool:
        heard = self._known.get(key)
        return heard is not None and self._clock() - heard <= LIFE_SECONDS

    def heard(self, key: Key) -> None:
        """Something has come from there."""
        if self.knows(key):
            self._known[key] = self._clock()

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)

    def give(self, key: Key, host: str, said: str) -> None:
        """Take what was said as the token; ControlError if it is not, or if there were too many tries.

        How long that takes does not tell how much of it is right.
        """
        if self._token is None:
            raise ControlError(
                "this program has no token; start it with --osc-token TEXT, or name who may: --osc-allow"
            )
        now = self._clock()
        recent = [when for when in self._wrong.get(host, ()) if now - when < TRIES_SECONDS]
        if len(recent) >= TRIES:
            raise ControlError(f"too many wrong tokens from {host}; wait a minute")
        if not hmac.compare_digest(said.encode(errors="replace"), self._token):
            self._wrong.pop(host, None)
            self._wrong[host] = [*recent, now]
            _keep(self._wrong, MOST_HOSTS)
            raise ControlError(f"that is not the token; {TRIES - len(recent) - 1} more tries in this minute")
        self._known.pop(key, None)
        self._known[key] = now
        _keep(self._known, MOST_KNOWN)


def require_named(address: str, peer: Peer, access: Access, token: TokenCheck) -> None:
    """ControlError for who is neither on this machine, nor named, nor has the token. address: what he may not."""
    if not access.named(peer.host) and not token.knows(peer.key):
        unsaid = f", and who has not said {TOKEN}" if token.wanted else ""
        raise ControlError(f"{address} is not for {peer.host}, which --osc-allow does not name{unsaid}")


def _keep(entries: dict, most: int) -> None:
    """Drop the oldest beyond so many."""
    while len(entries) > most:
        del entries[next(iter(entries))]
