"""How long the engine may take, and how long the supervisor waits before it starts it again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """All in seconds, but for `times_normal` and `reload_times`.

    An engine that the system has stopped, or that does nothing, is known for hung within about a second of the time
    that its chunks normally take. One that works may take much longer, as its machine may be busy.
    """

    silence: float = 1.0
    """So long an engine may be stopped; or neither speak nor do anything."""
    load_silence: float = 5.0
    """So long it may do neither while it loads, when a slow disk can keep it."""
    slack: float = 1.0
    """So much longer than normal a chunk may take in which nothing is done."""
    first_slack: float = 10.0
    """The same for the first chunk of all, of which nobody knows what is normal."""
    device_slack: float = 5.0
    """The same where another device than the processor does the work: whoever waits for that may spend no time."""
    device_times_normal: float = 3.0
    """So many times as long as normal such a chunk may take, too."""
    starved: float = 10.0
    """So long an engine that gets no processor time may be waiting for it, on a machine that has none to spare."""
    turn: float = 10.0
    """So long an engine that waits for its turn may not ask for settings, which it does every second."""
    chunk: float = 60.0
    times_normal: float = 10.0
    """A chunk that is worked at may take `chunk` seconds, or so many times as long as normal, whichever is more."""
    first_chunk: float = 300.0
    """The first one of a life may compile, and read what it did not need before."""
    load: float = 900.0
    reload: float = 10.0
    reload_times: float = 3.0
    """To load again may take so many times as long as it first did, and `reload` seconds more."""
    backoff: float = 0.25
    longest_backoff: float = 10.0
    """Before it is started again; each time twice as long, until a life has made a few good chunks."""
    stop: float = 3.0
    """How long an engine that was told to stop may take."""
