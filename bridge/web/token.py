"""A secret that lets other machines in, and how often it may be guessed at."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable

from .hosts import address_of

SHORTEST, LONGEST = 8, 200
"""Characters of a token that a person chooses."""
MAX_GUESSES, GUESS_SECONDS = 10, 60.0
"""So many different wrong tokens of one address are looked at in that time."""
MAX_ADDRESSES = 1024
"""Whose guesses are remembered; of more the oldest are forgotten."""


class Token:
    """text: what has to be known."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._right = {_digest(text.encode()), _digest(self.cookie.encode())}

    @classmethod
    def fresh(cls) -> Token:
        """One that nobody can guess."""
        return cls(secrets.token_urlsafe(16))

    @property
    def cookie(self) -> str:
        """What a browser keeps in its place."""
        return hmac.new(self.text.encode(), b"cookie", hashlib.sha256).hexdigest()

    def matches(self, given: bytes) -> bool:
        """Whether that is the token or its cookie; found out in the same time, however much of it is right."""
        digest = _digest(given)
        return any(hmac.compare_digest(digest, right) for right in self._right)


def checked(text: str) -> str:
    """A token as a person has chosen it; ValueError if it is too short, or can't be typed into an address."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise ValueError(f"a token has {SHORTEST} to {LONGEST} characters, not {len(text)}")
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a token is of plain letters, digits and signs (ASCII)")
    return text


class Guesses:
    """The wrong tokens of each address of late. The same one again, as a page sends it that tries again, is one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_address: dict[str, tuple[float, set[bytes]]] = {}

    def used_up(self, host: str) -> bool:
        """Whether this address has to wait."""
        since, wrong = self._by_address.get(_network(host), (0.0, set()))
        return len(wrong) >= MAX_GUESSES and self._clock() - since < GUESS_SECONDS

    def note(self, host: str, given: bytes) -> None:
        """This was wrong."""
        key, now = _network(host), self._clock()
        since, wrong = self._by_address.pop(key, (now, set()))
        if now - since >= GUESS_SECONDS:
            since, wrong = now, set()
        if len(wrong) < MAX_GUESSES:
            wrong.add(_digest(given))
        self._by_address[key] = since, wrong
        while len(self._by_address) > MAX_ADDRESSES:
            del self._by_address[next(iter(self._by_address))]


def _digest(given: bytes) -> bytes:
    return hashlib.sha256(given).digest()


def _network(host: str) -> str:
    """One machine may have all the addresses of an IPv6 network's second half."""
    try:
        address = address_of(host)
    except ValueError:
        return host[:64]
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host
