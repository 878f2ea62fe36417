"""The page that shows and steers a running show, served to this machine only."""

from .server import Panel, PanelError

__all__ = ["Panel", "PanelError"]
