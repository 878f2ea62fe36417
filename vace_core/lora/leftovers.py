"""What of a LoRA's file is no change of this model: what may be left out, and what tells that the file is another's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

IMAGE = "it belongs to an image-to-video model"
LEFT_OUT = (
    (
        re.compile(r"(^|[._])(k_img|v_img|add_k_proj|add_v_proj|norm_k_img|norm_added_k|img_emb|image_embedder)[._]"),
        IMAGE,
    ),
    (re.compile(r"^(lora_te|text_encoder|te\d?[._])"), "it changes the text encoder too"),
    (re.compile(r"vace_"), "it changes context blocks that this model does not have"),
)
"""Keys that a file of this model may have besides, and what they tell of it."""
UNREAD = re.compile(r"oft_|lora_mid|boft|glora|vera_lambda|ia3_|on_input|set_weight|reshape_weight")
"""Parts of changes of forms that are not read: without them the rest of a file means something else."""
BLOCK = re.compile(r"(?:^|[._])(vace_)?blocks[._](\d+)[._]")
IMAGE_CHANNELS = 36
"""Of the patch embedding of an image-to-video model."""


@dataclass(frozen=True)
class Leftovers:
    """Keys that name no part of this model. left_out: without harm; refused: the file is not for this model."""

    left_out: Sequence[str]
    refused: Sequence[str]

    def reasons(self) -> list[str]:
        """What the keys tell, in words."""
        found = [words for pattern, words in LEFT_OUT if any(pattern.search(key) for key in self.all())]
        if any(UNREAD.search(key) for key in self.all()):
            found.append("it is an OFT or of another form that is not read, where LoRA, LoHa, LoKr and DoRA are")
        return found

    def all(self) -> list[str]:
        return [*self.left_out, *self.refused]


def leftovers_of(unknown: Sequence[str], known: int, layers: Mapping[str, int]) -> Leftovers:
    """unknown: keys that name no part of the model; known: how many do; layers: blocks by "blocks" and "vace_blocks".

    What has a reason of `LEFT_OUT` is left out. The rest is, too, where it is the smaller part of the file and nothing
    tells that the file is for a model of more blocks or of an unread form.
    """
    plain = [key for key in unknown if not _has_reason(key)]
    others = [key for key in plain if UNREAD.search(key) or _is_beyond(key, layers)]
    if others or len(plain) > known:
        return Leftovers([key for key in unknown if key not in plain], plain)
    return Leftovers(unknown, [])


def _has_reason(key: str) -> bool:
    return any(pattern.search(key) for pattern, _ in LEFT_OUT) and not UNREAD.search(key)


def _is_beyond(key: str, layers: Mapping[str, int]) -> bool:
    found = BLOCK.search(key)
    return found is not None and int(found[2]) >= layers.get(f"{found[1] or ''}blocks", 0)
