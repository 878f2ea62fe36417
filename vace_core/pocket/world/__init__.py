"""The pocket model's world: short clips that the repository draws itself, with exact depth, masks and skeletons."""

from .clip import DrawnClip, draw_clip

__all__ = ["DrawnClip", "draw_clip"]
