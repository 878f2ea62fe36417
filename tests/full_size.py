"""LongLive at its full size from synthetic files: loaded, one chunk made, time and memory told. Linux, minutes, 12 GB.

    python -m tests.full_size FOLDER [--text bf16|fp8|small] [--size HxW] [--no-render]

FOLDER gets the files of `models list longlive`, with random numbers, if they are not there: LongLive's base and LoRA of
rank 256, the VACE module, the tiny autoencoder, a tokenizer, and the text encoder, of which `small` has one block only.
Each measurement runs in a process of its own. Not part of the test suite.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import UMT5Config, UMT5EncoderModel

from tests.vace_core.small import tiny_autoencoder
from tests.vace_core.text.pieces import write_tokenizer
from vace_core.autoencoder.tiny import TinySizes
from vace_core.checkpoints.catalogue import WeightFile, files_of
from vace_core.checkpoints.loading import load_transformer
from vace_core.checkpoints.options import LoadOptions
from vace_core.checkpoints.store import Store
from vace_core.checkpoints.text import TIED, TRANSFORMERS
from vace_core.checkpoints.transformer import CONTEXT
from vace_core.checkpoints.weights import open_weights
from vace_core.config import WAN_1_3B
from vace_core.controls import Controls
from vace_core.load import load
from vace_core.stream import Stream
from vace_core.transformer import CausalWan

RANK = 256
TEXTS = ("bf16", "fp8", "small")
CPU = torch.device("cpu")
CLIP = Path(__file__).parents[1] / "backend" / "clips" / "cup.mp4"
NOISE = torch.randn(2**22, generator=torch.Generator().manual_seed(0))
Shapes = Mapping[str, tuple[int, ...]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.full_size", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--text", choices=TEXTS, default="fp8", help="the text encoder (default: fp8)")
    parser.add_argument("--size", default="64x96", metavar="HxW", help="pixels of the chunk (default: 64x96)")
    parser.add_argument("--no-render", action="store_true", help="leave out the last run, by the command line")
    parser.add_argument("--measure", choices=("transformer", "model"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.folder, options.text, options.size)))
        return 0
    write(options.folder, options.text)
    for what in ("transformer", "model"):
        print(what, run("-m", "tests.full_size", str(options.folder), *chosen(options), "--measure", what), flush=True)
    if not options.no_render:
        height, width = options.size.split("x")
        made = options.folder / "made.mp4"
        arguments = ["render", str(CLIP), str(made), "--pipeline", "longlive", "--models", str(options.folder)]
        arguments += ["--frames", "9", "--height", height, "--width", width, "--device", "cpu", "--json"]
        print("render", run("-m", "backend", *arguments), flush=True)
    return 0


def chosen(options: argparse.Namespace) -> list[str]:
    return ["--text", options.text, "--size", options.size]


def run(*arguments: str) -> str:
    """What a process printed, and the most memory that it took."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} failed")
    return f"{printed} peak of the process, GB: {gigabytes(usage.ru_maxrss * 1024)}"


def measure(what: str, folder: Path, text: str, size: str) -> dict[str, float]:
    """Seconds and gigabytes: of the transformer alone, as it lies in its files, or of the whole model and a chunk."""
    before = resident("VmRSS")
    store, files = Store([folder]), files_of("longlive", text=name_of(text))
    began = time.perf_counter()
    if what == "transformer":
        paths = store.require({role: files[role] for role in ("base", "vace")})
        transformer = load_transformer(
            WAN_1_3B, open_weights(paths["base"]), open_weights(paths["vace"]), CPU, torch.bfloat16
        )
        return figures(began, before, [transformer])
    model = load("longlive", "cpu", store, LoadOptions(text=name_of(text)))
    assert isinstance(model.autoencoder, nn.Module)
    told = figures(began, before, [model.transformer, model.text, model.autoencoder])
    height, width = map(int, size.split("x"))
    began = time.perf_counter()
    embedding = model.text.encode("a cab")
    told["prompt, s"] = round(time.perf_counter() - began, 2)
    stream = Stream(model, height, width)
    control = torch.rand((1, 3, stream.frames_wanted, height, width)) * 2 - 1
    began = time.perf_counter()
    chunk = stream.step(Controls("a cab", control=control))
    assert chunk is not None
    frames = chunk.frames
    told["chunk, s"] = round(time.perf_counter() - began, 2)
    told["frames"] = frames.shape[2]
    told["finite"] = bool(frames.isfinite().all() and embedding.isfinite().all())
    told["spread"] = round(frames.std().item(), 3)
    return told


def figures(began: float, before: int, modules: list[nn.Module]) -> dict[str, float]:
    peak, weights = resident("VmHWM"), sum(p.nbytes for module in modules for p in module.parameters())
    return {
        "load, s": round(time.perf_counter() - began, 1),
        "weights, GB": gigabytes(weights),
        "Python and torch before, GB": gigabytes(before),
        "peak, GB": gigabytes(peak),
        "peak / weights": round(peak / weights, 3),
        "(peak - before) / weights": round((peak - before) / weights, 3),
    }


def gigabytes(count: float) -> float:
    return round(count / 1e9, 2)


def resident(line: str) -> int:
    """Bytes of this process's memory: VmRSS now, VmHWM at most so far."""
    status = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    return int(status[line].split()[0]) * 1024


def name_of(text: str) -> str:
    return "umt5-fp8" if text == "fp8" else "umt5"


def write(folder: Path, text: str) -> None:
    """What is not there yet, one file in memory at a time."""
    files = files_of("longlive", text=name_of(text))
    paths = {role: path_of(folder, file) for role, file in files.items()}
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in CausalWan(WAN_1_3B).state_dict().items()}
    base = {key: shape for key, shape in shapes.items() if not key.startswith(CONTEXT)}
    if missing(paths["base"]):
        torch.save({"generator": {f"model.{key}": value for key, value in numbers(base)}}, paths["base"])
    if missing(paths["lora"]):
        torch.save({"generator_lora": dict(numbers(lora(base), 0.1))}, paths["lora"])
    if missing(paths["vace"]):
        save_file(dict(numbers({key: shape for key, shape in shapes.items() if key not in base})), paths["vace"])
    if missing(paths["text"]):
        write_text(paths["text"], text)
    if missing(paths["tokenizer"]):
        write_tokenizer(paths["tokenizer"].parent)
    if missing(paths["autoencoder"]):
        weights = tiny_autoencoder(sizes=TinySizes()).state_dict()
        torch.save({key: value.half() for key, value in weights.items()}, paths["autoencoder"])
    gc.collect()
    total = sum(path.stat().st_size for path in paths.values())
    print(f"{total / 1e9:.2f} GB of files in {folder}", flush=True)


def path_of(folder: Path, file: WeightFile) -> Path:
    path = folder / file.repository / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def missing(path: Path) -> bool:
    return not path.exists()


def numbers(shapes: Shapes, scale: float = 1.0, dtype: torch.dtype = torch.bfloat16) -> Iterator[tuple[str, Tensor]]:
    """Norms of one, matrices that keep the size of what they multiply, little of the rest."""
    for key, shape in shapes.items():
        count = math.prod(shape)
        if "norm" in key and key.endswith("weight"):
            yield key, torch.ones(shape, dtype=dtype)
            continue
        shift = sum(map(ord, key)) % len(NOISE)
        spread = scale * (math.prod(shape[1:]) ** -0.5 if len(shape) > 1 and "modulation" not in key else 0.02)
        noise = (NOISE.roll(shift) * spread).to(dtype)
        yield key, noise.repeat(math.ceil(count / len(NOISE)))[:count].view(shape).clone()


def lora(base: Shapes) -> dict[str, tuple[int, ...]]:
    """LongLive's, in PEFT's names."""
    shapes: dict[str, tuple[int, ...]] = {}
    for key, shape in base.items():
        if key.startswith("blocks.") and len(shape) == 2:
            stem = f"base_model.model.{key.removesuffix('.weight')}"
            shapes |= {f"{stem}.lora_A.weight": (RANK, shape[1]), f"{stem}.lora_B.weight": (shape[0], RANK)}
    return shapes


def write_text(path: Path, text: str) -> None:
    layers = 1 if text == "small" else 24
    config = UMT5Config(vocab_size=256384, d_model=4096, d_kv=64, d_ff=10240, num_heads=64, num_layers=layers)
    with torch.device("meta"):
        theirs = UMT5EncoderModel(config).state_dict()
    shapes = {key: tuple(value.shape) for key, value in theirs.items() if key != TIED}
    names = ["norm1", "norm2", "ffn.gate.0", "ffn.fc1", "ffn.fc2", "pos_embedding.embedding"]
    names += [f"attn.{kind}" for kind in "qkvo"]
    published = ["token_embedding.weight", "norm.weight"]
    published += [f"blocks.{n}.{name}.weight" for n in range(layers) for name in names]
    shapes = TRANSFORMERS.back(shapes, published)
    if text != "fp8":
        torch.save(dict(numbers(shapes)), path)
        return
    narrow = {key: shape for key, shape in shapes.items() if key.startswith("blocks.") and ".norm" not in key}
    wide = {key: shape for key, shape in shapes.items() if key not in narrow}
    save_file(dict(numbers(narrow, dtype=torch.float8_e4m3fn)) | dict(numbers(wide)), path)


if __name__ == "__main__":
    sys.exit(main())
