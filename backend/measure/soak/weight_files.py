"""Small files of weights, one after the other damaged and read: the process that `damaged_weights` starts."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch
from gguf import GGUFWriter
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

from vace_core.annotators.person import WEIGHTS
from vace_core.annotators.tflite import TfliteNet
from vace_core.checkpoints.catalogue import FILES
from vace_core.checkpoints.loading import load_transformer
from vace_core.checkpoints.store import Store
from vace_core.checkpoints.weights import open_weights
from vace_core.config import Architecture
from vace_core.errors import CheckpointError
from vace_core.lora.files import read_lora
from vace_core.lora.live import LiveLoras
from vace_core.text.tokenizer import read_tokenizer
from vace_core.transformer import CausalWan

from .damaged_weights import KINDS, damage

MORE_MEMORY = 2**30
"""Bytes that reading small files may take."""
SHOWN = 20
"""Faults that are told in full."""
NETWORK = "selfie_segmentation_landscape.tflite"


class WeightFiles:
    """Files that are right, of a model small enough to be read hundreds of times a second, and what reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.architecture = Architecture(
            dim=8, ffn_dim=8, heads=1, layers=1, vace_layers=(0,), text_dim=4, text_length=2, frequency_dim=4
        )
        self.transformer = CausalWan(self.architecture).eval().requires_grad_(False)
        self.state = self.transformer.state_dict()
        for value in self.state.values():
            value.copy_(torch.randn(value.shape, generator=torch.Generator().manual_seed(0)))
        self.lora = {f"base_model.model.blocks.0.{name}.lora_A.weight": torch.ones(2, 8) for name in LAYERS}
        self.lora |= {f"base_model.model.blocks.0.{name}.lora_B.weight": torch.ones(8, 2) for name in LAYERS}

    def safetensors(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "model.safetensors"
        save_file(self.state, path, {"made by": "a seed"})
        return path, lambda: self._load(path)

    def torch(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "model.pt"
        torch.save({"generator": self.state, "step": 7}, path)
        return path, lambda: self._load(path)

    def old_torch(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "model.ckpt"
        torch.save(self.state, path, _use_new_zipfile_serialization=False)
        return path, lambda: self._load(path)

    def scaled(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "model.safetensors"
        narrow = {key: value.to(torch.float8_e4m3fn) for key, value in self.state.items() if value.dim() == 2}
        scales = {f"{key.removesuffix('.weight')}.scale_weight": torch.ones(()) for key in narrow}
        save_file(self.state | narrow | scales | {"scaled_fp8": torch.zeros(2)}, path)
        return path, lambda: self._load(path)

    def gguf(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "model.gguf"
        writer = GGUFWriter(path, "wan")
        writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
        for key, value in self.state.items():
            if value.dim() > 4:
                writer.add_array(f"comfy.gguf.orig_shape.{key}", list(value.shape))
            writer.add_tensor(key, value.flatten(1).half().numpy() if value.dim() > 4 else value.numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path, lambda: self._load(path)

    def lora_file(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "lora.safetensors"
        save_file(self.lora, path, {"lora_adapter_metadata": json.dumps({"lora_alpha": 4})})
        return path, lambda: self._load_lora(path)

    def forms(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "lora.safetensors"
        content = {f"lycoris_blocks_0_ffn_0.hada_w{n}_a": torch.ones(8, 2) for n in (1, 2)}
        content |= {f"lycoris_blocks_0_ffn_0.hada_w{n}_b": torch.ones(2, 8) for n in (1, 2)}
        content |= {"lycoris_blocks_0_self_attn_q.lokr_w1": torch.ones(4, 4)}
        content |= {"lycoris_blocks_0_self_attn_q.lokr_w2": torch.ones(2, 2)}
        content |= {"blocks.0.self_attn.v.dora_scale": torch.ones(8, 1)}
        content |= {f"blocks.0.self_attn.v.lora_{part}.weight": torch.ones(8, 8) for part in ("up", "down")}
        save_file(content, path)
        return path, lambda: self._load_lora(path)

    def adapter(self) -> tuple[Path, Callable[[], object]]:
        save_file(self.lora, self.folder / "adapter_model.safetensors")
        path = self.folder / "adapter_config.json"
        settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "alpha_pattern": {r"blocks\.\d+\.ffn": 3, "q": 1}}
        path.write_text(json.dumps(settings), encoding="utf-8")
        return path, lambda: self._load_lora(self.folder)

    def index(self) -> tuple[Path, Callable[[], object]]:
        halves = [dict(list(self.state.items())[n::2]) for n in range(2)]
        names = [f"model-0000{n + 1}-of-00002.safetensors" for n in range(2)]
        for name, half in zip(names, halves, strict=True):
            save_file(half, self.folder / name)
        path = self.folder / "model.safetensors.index.json"
        listed = {key: name for name, half in zip(names, halves, strict=True) for key in half}
        path.write_text(json.dumps({"metadata": {}, "weight_map": listed}), encoding="utf-8")
        return path, lambda: self._load(path)

    def overrides(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / "models.json"
        places = {name: {"repository": "some/body", "path": "a/b.pt"} for name in list(FILES)[:4]}
        path.write_text(json.dumps(places | {"wan": str(path)}), encoding="utf-8")
        return path, lambda: [Store([self.folder]).find(file) for file in FILES.values()]

    def tokenizer(self) -> tuple[Path, Callable[[], object]]:
        pieces = Tokenizer(models.Unigram([("<unk>", 0.0), ("</s>", 0.0), ("▁a", -1.0), ("b", -2.0)], unk_id=0))
        pieces.add_special_tokens([AddedToken("</s>")])
        pieces.pre_tokenizer = pre_tokenizers.Metaspace()
        pieces.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 1)])
        pieces.enable_padding(length=8)
        path = self.folder / "tokenizer.json"
        pieces.save(str(path))
        return path, lambda: read_tokenizer(path)("a b, and what is not known")

    def network(self) -> tuple[Path, Callable[[], object]]:
        path = self.folder / NETWORK
        path.write_bytes((WEIGHTS / NETWORK).read_bytes())
        return path, lambda: TfliteNet(path, ("segment_back",))

    def _load(self, path: Path) -> None:
        load_transformer(self.architecture, open_weights(path), None, torch.device("cpu"), torch.float32)

    def _load_lora(self, path: Path) -> None:
        LiveLoras(self.transformer, [read_lora(path, self.architecture)])


LAYERS = ("self_attn.q", "self_attn.v", "cross_attn.k", "ffn.0")
MAKERS: tuple[Callable[[WeightFiles], tuple[Path, Callable[[], object]]], ...] = (
    WeightFiles.safetensors,
    WeightFiles.torch,
    WeightFiles.old_torch,
    WeightFiles.scaled,
    WeightFiles.gguf,
    WeightFiles.lora_file,
    WeightFiles.forms,
    WeightFiles.adapter,
    WeightFiles.index,
    WeightFiles.overrides,
    WeightFiles.tokenizer,
    WeightFiles.network,
)
"""What makes a file of each of KINDS, in their order: the one to damage, and what reads it."""


def fuzz(kind: str, count: int, seed: int, folder: Path) -> dict[str, Any]:
    """What `fuzz_weights` returns; each file begins with its number on standard output."""
    path, read = MAKERS[KINDS.index(kind)](WeightFiles(folder))
    read()
    content = path.read_bytes()
    outcomes, lost, slowest = Counter[str](), list[str](), 0.0
    for number in range(count):
        sys.stdout.write(f"number {number} of seed {seed}\n")
        sys.stdout.flush()
        path.write_bytes(damage(content, random.Random(f"{kind} {seed} {number}")))
        began = time.monotonic()
        found = outcome(read)
        slowest = max(slowest, time.monotonic() - began)
        outcomes[found] += 1
        if found not in ("loaded", "refused"):
            lost.append(f"{kind} number {number} of seed {seed}: {found}")
    figures = {"loaded": outcomes["loaded"], "refused": outcomes["refused"], "slowest_ms": round(1000 * slowest, 1)}
    return {"kind": kind, "count": count, "seed": seed} | figures | {"lost": lost[:SHOWN]}


def outcome(read: Callable[[], object]) -> str:
    """ "loaded", "refused", or what went wrong: too much memory is wrong even where it is told as a bad file."""
    try:
        read()
    except CheckpointError as refused:
        cause = refused.__cause__
        if isinstance(cause, MemoryError) or "allocate" in str(cause):
            return f"took too much memory ({refused})"
        return "refused" if str(refused).isprintable() else f"told in more than a line ({refused!r})"
    except BaseException as error:  # noqa: BLE001  whatever it is, it is what is looked for
        return f"{type(error).__name__}: {error}"
    return "loaded"


def _hold_memory() -> None:
    """Windows has no such limit; there a hang or a crash still counts."""
    if sys.platform == "win32":
        return
    import resource

    most = psutil.Process().memory_info().vms + MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int)
    given = parser.parse_args()
    _hold_memory()
    with tempfile.TemporaryDirectory() as place:
        sys.stdout.write(json.dumps(fuzz(given.kind, given.count, given.seed, Path(place))))
