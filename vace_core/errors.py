"""What `vace_core` raises beside Python's own errors, by what the caller can do about it.

ValueError: a wrong argument. It is raised before anything has changed, so mend the argument and call again.
    CheckpointError: a wrong file. Get that file again, or another one; the message names it.

Everything else is a fault of the program or of the machine, such as too little memory. After one, reset the stream.
"""

from __future__ import annotations

LONGEST = 4000
"""Characters of a message: what a hostile file has written into one is longer."""


class CheckpointError(ValueError):
    """A file of weights that is missing, cannot be read, or is not of the expected model.

    The message names the file and, where its contents are wrong, the keys. It is one line of printable text, whatever
    the file calls things.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(message: str) -> str:
    """Text with escapes for what cannot be printed or would begin a line, and without the middle of a very long one."""
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} ... {message[-LONGEST // 2 :]}"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in message)
