"""What the model remembers between chunks."""

from .window import WindowMemory, WindowPass, WindowState

__all__ = ["WindowMemory", "WindowPass", "WindowState"]
