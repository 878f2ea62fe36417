"""What the model remembers between chunks."""

from .rebuild import frames_to_rebuild_from
from .window import WindowMemory, WindowPass, WindowState

__all__ = ["WindowMemory", "WindowPass", "WindowState", "frames_to_rebuild_from"]
