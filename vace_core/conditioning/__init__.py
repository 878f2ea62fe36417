"""What a show gives, as the context that VACE's blocks read."""

from .context import ContextState, encode_context, encode_on, encode_references
from .extension import with_anchors
from .masks import pack_mask
from .modes import infer_mode

__all__ = [
    "ContextState",
    "encode_context",
    "encode_on",
    "encode_references",
    "infer_mode",
    "pack_mask",
    "with_anchors",
]
