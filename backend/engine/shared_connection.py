"""One end of the pipe between the front and the engine, for several threads."""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection


class SharedConnection:
    """Any thread sends; one thread receives."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, message: object) -> None:
        """Two threads that send at once would mix their messages up."""
        with self._sending:
            self._connection.send(message)

    def recv(self) -> object:
        return self._connection.recv()

    def poll(self, seconds: float = 0.0) -> bool:
        """Whether there is mail, after at most so many seconds."""
        return self._connection.poll(seconds)
