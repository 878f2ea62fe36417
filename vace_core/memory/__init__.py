"""What the model remembers between chunks."""

from .rebuild import frames_to_rebuild_from
from .staggered import StaggeredMemory, StaggeredPass, StaggeredState
from .window import WindowMemory, WindowPass, WindowState

__all__ = [
    "StaggeredMemory",
    "StaggeredPass",
    "StaggeredState",
    "WindowMemory",
    "WindowPass",
    "WindowState",
    "frames_to_rebuild_from",
]
