"""What the model remembers between chunks."""

from .layer_pass import WindowPass
from .rebuild import frames_to_rebuild_from
from .reference_kv import KVRecorder, ReferenceKV, recorded
from .staggered import StaggeredMemory, StaggeredPass, StaggeredState
from .window import WindowMemory
from .window_state import WindowState

__all__ = [
    "KVRecorder",
    "ReferenceKV",
    "StaggeredMemory",
    "StaggeredPass",
    "StaggeredState",
    "WindowMemory",
    "WindowPass",
    "WindowState",
    "frames_to_rebuild_from",
    "recorded",
]
