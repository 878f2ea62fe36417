"""A session for Open Stage Control: the page to play from, and a line for every control."""

from .session import session

__all__ = ["session"]
