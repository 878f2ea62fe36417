"""Wan's video autoencoder: published names and those of diffusers' `AutoencoderKLWan`."""

from __future__ import annotations

import re

from .names import Renaming

STAGE = 4
"""Modules of a decoder stage: three residual blocks and the change of size that closes it."""


def _decoder_stage(found: re.Match[str]) -> str:
    """The decoder's flat list of modules, counted by stage."""
    stage, place = divmod(int(found[1]), STAGE)
    part = "upsamplers.0" if place == STAGE - 1 else f"resnets.{place}"
    return f"decoder.up_blocks.{stage}.{part}."


DIFFUSERS = Renaming(
    "diffusers' Wan autoencoder",
    (
        (r"^conv1\.", "quant_conv."),
        (r"^conv2\.", "post_quant_conv."),
        (r"^(encoder|decoder)\.conv1\.", r"\1.conv_in."),
        (r"^(encoder|decoder)\.head\.0\.", r"\1.norm_out."),
        (r"^(encoder|decoder)\.head\.2\.", r"\1.conv_out."),
        (r"^(encoder|decoder)\.middle\.0\.", r"\1.mid_block.resnets.0."),
        (r"^(encoder|decoder)\.middle\.1\.", r"\1.mid_block.attentions.0."),
        (r"^(encoder|decoder)\.middle\.2\.", r"\1.mid_block.resnets.1."),
        (r"^encoder\.downsamples\.", "encoder.down_blocks."),
        (r"^decoder\.upsamples\.(\d+)\.", _decoder_stage),
        (r"\.residual\.0\.", ".norm1."),
        (r"\.residual\.2\.", ".conv1."),
        (r"\.residual\.3\.", ".norm2."),
        (r"\.residual\.6\.", ".conv2."),
        (r"\.shortcut\.", ".conv_shortcut."),
    ),
)

WIDTH, LIGHT = 96, 24
"""Channels of the finest stage: as published, and of lightvaew2_1, the same network at a quarter of the width."""
