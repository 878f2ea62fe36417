"""What `vace_core` raises beside Python's own errors, by what the caller can do about it.

ValueError: a wrong argument. It is raised before anything has changed, so mend the argument and call again.
    CheckpointError: a wrong file. Get that file again, or another one; the message names it.

Everything else is a fault of the program or of the machine, such as too little memory. After one, reset the stream.
"""

from __future__ import annotations


class CheckpointError(ValueError):
    """A file of weights that is missing, cannot be read, or is not of the expected model.

    The message names the file and, where its contents are wrong, the keys.
    """
