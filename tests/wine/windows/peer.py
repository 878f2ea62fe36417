"""Runs as a Windows program: evaluates what a test sends, line by line. Its first imports are what most tests need."""

import json
import sys

from bridge.errors import BridgeError

START = """
import os, time, winreg
import numpy as np
from bridge.video.address import open_sink, open_source
from bridge.video.frames import Frame
from bridge.errors import BridgeError
from bridge.video.spout.registry import SpoutRegistry
from bridge.video.windows import windows_objects
registry = SpoutRegistry(windows_objects("spout"))

def count_frames(on):
    # Spout's setting for all programs; its library looks when a sender or receiver is made.
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\\Leading Edge\\Spout") as key:
        winreg.SetValueEx(key, "Framecount", 0, winreg.REG_DWORD, int(on))
"""


def main() -> None:
    names: dict[str, object] = {}
    exec(START, names)
    for line in sys.stdin:
        source = json.loads(line)
        try:
            reply = {"value": evaluated(source, names)}
        except BridgeError as error:
            reply = {"error": str(error)}
        sys.stdout.write(f"peer: {json.dumps(reply)}\n")
        sys.stdout.flush()


def evaluated(source: str, names: dict[str, object]) -> object:
    """The value of an expression; None for statements."""
    try:
        code = compile(source, "<test>", "eval")
    except SyntaxError:
        exec(compile(source, "<test>", "exec"), names)
        return None
    return eval(code, names)


if __name__ == "__main__":
    main()
