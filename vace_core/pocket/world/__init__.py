"""The pocket model's world: short clips that the repository draws itself, with exact depth, masks and captions."""

from .captions import caption
from .clip import DrawnClip, draw_clip
from .random_names import random_named

__all__ = ["DrawnClip", "caption", "draw_clip", "random_named"]
