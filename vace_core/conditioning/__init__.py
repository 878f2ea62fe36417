"""What a show gives, as the context that VACE's blocks read."""

from .conditions import Conditions
from .context import ContextState, encode_context, encode_on, encode_reference
from .extension import with_anchors
from .masks import kept_cells, pack_mask
from .modes import infer_mode
from .references import REFERENCE_MODES, EncodedReferences, Reference
from .scale import ContextScale

__all__ = [
    "REFERENCE_MODES",
    "Conditions",
    "ContextScale",
    "ContextState",
    "EncodedReferences",
    "Reference",
    "encode_context",
    "encode_on",
    "encode_reference",
    "infer_mode",
    "kept_cells",
    "pack_mask",
    "with_anchors",
]
