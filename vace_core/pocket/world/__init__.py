"""The pocket model's world: short clips that the repository draws itself, with exact depth, masks and captions."""

from .captions import caption
from .clip import Take, draw_take
from .looks import Look, complete, random_named

__all__ = ["Look", "Take", "caption", "complete", "draw_take", "random_named"]
