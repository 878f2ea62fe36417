"""The painter: what the pocket model learns to paint, computed from a control and a look."""

from .captions import caption
from .form import CONTROLS
from .paint import paint, palette_of
from .random_looks import random_look, random_named

__all__ = ["CONTROLS", "caption", "paint", "palette_of", "random_look", "random_named"]
