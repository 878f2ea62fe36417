"""`python -m backend COMMAND`, which `python start.py COMMAND` runs in the environment that it has made."""

import sys

from .cli.supervise import SUPERVISE, supervise


def main(arguments: list[str]) -> int:
    """What watches over a show is small: it imports nothing of what it watches over."""
    if arguments[:1] == ["run"] and SUPERVISE in arguments:
        return supervise(arguments)
    from .cli.main import main as run_command

    return run_command(arguments)


def console() -> int:
    """The command `vace-live` of an editable installation."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(console())
