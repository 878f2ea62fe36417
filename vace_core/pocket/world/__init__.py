"""The pocket model's world: short clips that the repository draws itself, with exact depth, masks and captions."""

from .captions import caption
from .clip import Take, draw_take
from .random_names import random_named

__all__ = ["Take", "caption", "draw_take", "random_named"]
