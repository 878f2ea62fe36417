"""TCP ports of this machine."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Any

OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
TAKEN = (errno.EADDRINUSE, getattr(errno, "WSAEACCES", errno.EADDRINUSE))
"""What a port answers that another program has; on Windows also where that one wants it for itself alone."""
PAUSE_SECONDS = 0.01
"""So that one who can neither let a newcomer in nor turn it away does not ask again at once, for ever."""


class Listener(socket.socket):
    """A listening socket that turns newcomers away while the process has no descriptor left for them.

    Otherwise the newcomer stays where it is, and whoever waits for the socket is told again and again that it is
    ready. One descriptor is kept in reserve for that.
    """

    def __init__(self, family: socket.AddressFamily) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._reserve: int | None = _open_reserve()
        self.turned_away = 0
        """Newcomers for whom there was no descriptor."""

    def accept(self) -> tuple[socket.socket, Any]:
        """As a socket's; BlockingIOError, as where nobody waits, for one that had to be turned away."""
        try:
            return super().accept()
        except OSError as reason:
            if reason.errno not in OUT_OF_DESCRIPTORS:
                raise
            self._turn_away()
            raise BlockingIOError(errno.EAGAIN, "no descriptor was left for a newcomer") from reason

    def close(self) -> None:
        self._close_reserve()
        super().close()

    def _turn_away(self) -> None:
        self.turned_away += 1
        self._close_reserve()
        with suppress(OSError):  # another thread has taken the descriptor
            super().accept()[0].close()
        self._reserve = _open_reserve()
        if self._reserve is None:
            time.sleep(PAUSE_SECONDS)

    def _close_reserve(self) -> None:
        reserve, self._reserve = self._reserve, None
        if reserve is not None:
            os.close(reserve)


def _open_reserve() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None


def listen(host: str, port: int) -> Listener:
    """A listening TCP socket; OSError if the address can't be had."""
    listener = Listener(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform == "win32":  # where SO_REUSEADDR would share the port with another program
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OverflowError as error:
        listener.close()
        raise OSError(str(error)) from error
    except OSError:
        listener.close()
        raise
    return listener


def listen_near(host: str, port: int, more: int) -> Listener:
    """As `listen`, but where another program has the port, at the first of so many after it that is free."""
    for other in range(port, port + more):
        try:
            return listen(host, other)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
    return listen(host, port + more)
