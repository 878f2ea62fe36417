"""What the model remembers between chunks."""

from .rebuild import frames_to_rebuild_from
from .reference_kv import Beside, Capture, captured
from .staggered import StaggeredMemory, StaggeredPass, StaggeredState
from .window import WindowMemory, WindowPass, WindowState

__all__ = [
    "Beside",
    "Capture",
    "StaggeredMemory",
    "StaggeredPass",
    "StaggeredState",
    "WindowMemory",
    "WindowPass",
    "WindowState",
    "captured",
    "frames_to_rebuild_from",
]
