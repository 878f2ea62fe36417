"""The errors of everything that crosses the border of the process; frames and controls share them.

BridgeError     it cannot be used: tell the person, and go on without it or end
└── Absent      it is not there yet: a show can begin, and look for it until it comes
"""


class BridgeError(Exception):
    """Something at the border is not there, is not usable, or stopped. One line: what, and what to do about it."""


class Absent(BridgeError):
    """What another program sends is not there. It may come: a show can begin before its host does."""
