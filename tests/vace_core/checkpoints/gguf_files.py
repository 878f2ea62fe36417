"""Small GGUF files, written and read back by the package that the format's authors publish."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize
from torch import Tensor


def write_gguf(path: Path, weights: Mapping[str, Tensor], kind: str, architecture: str = "wan") -> dict[str, Tensor]:
    """Matrices in `kind` where their rows are whole blocks of it, other matrices in float16, the rest in float32.

    Tensors of five dimensions are written with four, and their shape beside them, as published files have it. Returns
    what the package itself reads of the file, in float32.
    """
    writer = GGUFWriter(path, architecture)
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc", ""])  # which such files carry, and which is passed over
    writer.add_array("tokenizer.ggml.scores", [0.5, 1.5, 2.5])
    writer.add_bool("some.flag", True)
    for key, value in weights.items():
        array = value.float().numpy()
        if array.ndim > 4:
            writer.add_array(f"comfy.gguf.orig_shape.{key}", [int(size) for size in array.shape])
            array = array.reshape(array.shape[0], -1)
        of = _kind(array, kind)
        # Names the type itself only where the shape cannot be told from the bytes.
        writer.add_tensor(key, quantize(array, of), raw_dtype=of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {
        one.name: torch.from_numpy(np.array(dequantize(one.data, one.tensor_type))).view(weights[one.name].shape)
        for one in GGUFReader(path).tensors
    }


def _kind(array: np.ndarray, kind: str) -> GGMLQuantizationType:
    wanted = GGMLQuantizationType[kind]
    if array.ndim < 2:
        return GGMLQuantizationType.F32
    return wanted if array.shape[-1] % GGML_QUANT_SIZES[wanted][0] == 0 else GGMLQuantizationType.F16
