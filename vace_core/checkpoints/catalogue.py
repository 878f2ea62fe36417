"""Which published files the pipelines are made of, and where they lie.

Repositories and paths were read from the authors' loading code or from stored copies of the hub's pages, never from
the hub itself; `known_from` says which of each row. So `models.json` overrides any row (`store.Store`). Sizes that
are not `exact` are estimates: parameters, counted in the official classes, times the bytes each, of which the larger
where it is not known. The true size of those is the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LOADING_CODE = "the authors' loading code"
PAGE = "a stored copy of its page"
MEMORY = "memory, not verified"
INDEX = ".index.json"


@dataclass(frozen=True)
class WeightFile:
    """One file of weights. `name` is ours; `repository` and `path` are the hub's, `path` with forward slashes.

    A `path` that ends in `.index.json` stands for itself and the shards that it lists, in its folder.
    """

    name: str
    repository: str
    path: str
    size: int
    """Bytes, estimated unless `exact`."""
    holds: str = ""
    """What it is, in the words of `layouts.Layout`; empty where it is no weights."""
    licence: str = "not verified"
    restricted: bool = False
    """Whether the licence forbids what a show may want, so that it has to be accepted."""
    names: tuple[str, ...] = ()
    """Names of the same weights outside their repository's folder, likelier first; a name such as model.pt is none."""
    instead: tuple[str, ...] = ()
    """Rows of this table that do as well, if they are there already."""
    known_from: str = LOADING_CODE
    exact: bool = False
    """Whether `size` is known to the byte, so that a file of another one is not this file, whoever sends it."""
    sha256: str = ""
    """Of the content, where it is known from elsewhere than the server that sends it; it has to be that then."""

    def __str__(self) -> str:
        return f"{self.name} ({self.repository}: {self.path})"

    @property
    def repositories(self) -> tuple[str, ...]:
        """Where it lies by this path: the authors' own first, then the mirror if there is one."""
        owner, _, name = self.repository.partition("/")
        mirrored = name if self.repository in MIRRORED else ""
        return (f"{owner}/{name}", f"{MIRROR}/{mirrored}") if mirrored else (self.repository,)

    @property
    def is_index(self) -> bool:
        """Whether it lists shards."""
        return self.path.endswith(INDEX)


WAN_1_3B, WAN_14B = 1_418_996_800, 14_288_491_584
"""Parameters; so are the next ones."""
VACE_1_3B, VACE_14B = 734_975_232, 3_049_101_312
"""Of the context blocks alone."""
LORA_1_3B = 349_962_240
"""Rank 256 on every linear layer of 30 blocks."""
UMT5, UMT5_WORDS = 5_680_910_336, 1_050_148_864
"""The text encoder, and its token embedding within."""
WAN_AUTOENCODER, TINY_AUTOENCODER = 126_892_531, 11_315_539
FP8, BF16, FP32 = 1, 2, 4
"""Bytes each."""
SMALL, LARGE, LORA = "a Wan 1.3B transformer", "a Wan 14B transformer", "a LoRA"
TEXT, AUTOENCODER, TINY = "a UMT5 text encoder", "Wan's video autoencoder", "a tiny autoencoder"

APACHE, BY_MIRROR, NOT_STATED = "Apache-2.0", "Apache-2.0, by the card of a mirror", "none stated on its card"
MEMFLOW_LICENCE = "Apache-2.0, by the card of a mirror; none stated on its own"
LONGLIVE_LICENCE = "Apache-2.0 since November 2025, by its authors' word (NVlabs/LongLive, issue 10)"
KREA_LICENCE = "CC BY-NC-SA 4.0: not for commercial use; what is derived from it is under the same licence"
LONGLIVE, MEMFLOW = "Efficient-Large-Model/LongLive-1.3B", "KlingTeam/MemFlow"
REWARD_FORCING, STREAMDIFFUSION = "JaydenLu666/Reward-Forcing-T2V-1.3B", "jerryfeng/StreamDiffusionV2"
WAN, KIJAI, LIGHT = "Wan-AI/Wan2.1-T2V-1.3B", "Kijai/WanVideo_comfy", "lightx2v/Autoencoders"
MIRROR = "daydreamlive"
MIRRORED = frozenset(
    (
        LONGLIVE,
        MEMFLOW,
        REWARD_FORCING,
        STREAMDIFFUSION,
        WAN,
        KIJAI,
        LIGHT,
        "krea/krea-realtime-video",
    )
)
"""Repositories that lie a second time, by the same names and paths, under `MIRROR` (daydreamlive/scope, pull request
536). Its files are what it says: nobody here has compared them."""
KREA = "krea-realtime-video-14b.safetensors"
VACE_MODULE_1_3B = "Wan2_1-VACE_module_1_3B_bf16.safetensors"
VACE_MODULE_14B = "Wan2_1-VACE_module_14B_bf16.safetensors"
UMT5_PTH = "models_t5_umt5-xxl-enc-bf16.pth"
UMT5_BF16, UMT5_FP8 = "umt5-xxl-enc-bf16.safetensors", "umt5-xxl-enc-fp8_e4m3fn.safetensors"
COMFY = "Comfy-Org/Wan_2.1_ComfyUI_repackaged"
COMFY_FP16, COMFY_FP8 = "umt5_xxl_fp16.safetensors", "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
UMT5_GGUF = "umt5-xxl-encoder-{}.gguf"
GGUF_KINDS = ("Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q3_K_M", "Q3_K_S", "f16")
VACE_FP8_14B = "Wan2_1-VACE_module_14B_fp8_e4m3fn.safetensors"
TEXT_ENCODERS = ("umt5", "umt5-bf16", "umt5-fp8", "umt5-fp16", "umt5-fp8-scaled", "umt5-gguf")
"""Each does for the others."""
WITH_TOKENIZER = ("umt5-fp16", "umt5-fp8-scaled")
"""Text encoders that carry the tokenizer."""
FULL = "diffusion_pytorch_model.safetensors"


def _other_texts(name: str) -> tuple[str, ...]:
    return tuple(other for other in TEXT_ENCODERS if other != name)


_ROWS = (
    WeightFile(
        "longlive-base",
        LONGLIVE,
        "models/longlive_base.pt",
        FP32 * WAN_1_3B,
        SMALL,
        LONGLIVE_LICENCE,
        names=("longlive_base.pt",),
    ),
    WeightFile(
        "longlive-lora",
        LONGLIVE,
        "models/lora.pt",
        FP32 * LORA_1_3B,
        LORA,
        LONGLIVE_LICENCE,
        names=("longlive_lora.pt",),
    ),
    WeightFile(
        "streamdiffusion-v2-base",
        STREAMDIFFUSION,
        "wan_causal_dmd_v2v/model.pt",
        FP32 * WAN_1_3B,
        SMALL,
        "Apache-2.0, by its card",
        names=("wan_causal_dmd_v2v.pt",),
    ),
    WeightFile("memflow-base", MEMFLOW, "base.pt", FP32 * WAN_1_3B, SMALL, MEMFLOW_LICENCE, names=("memflow_base.pt",)),
    WeightFile("memflow-lora", MEMFLOW, "lora.pt", FP32 * LORA_1_3B, LORA, MEMFLOW_LICENCE, names=("memflow_lora.pt",)),
    WeightFile(
        "reward-forcing-base",
        REWARD_FORCING,
        "rewardforcing.pt",
        FP32 * WAN_1_3B,
        SMALL,
        NOT_STATED,
        names=("rewardforcing.pt",),
    ),
    WeightFile(
        "krea-realtime-base",
        "krea/krea-realtime-video",
        KREA,
        BF16 * WAN_14B,
        LARGE,
        KREA_LICENCE,
        restricted=True,
        names=(KREA,),
    ),
    WeightFile(
        "vace-1.3b",
        KIJAI,
        VACE_MODULE_1_3B,
        BF16 * VACE_1_3B,
        "a VACE module for Wan 1.3B",
        BY_MIRROR,
        names=(VACE_MODULE_1_3B,),
        instead=("vace-1.3b-full",),
    ),
    WeightFile(
        "vace-14b",
        KIJAI,
        VACE_MODULE_14B,
        BF16 * VACE_14B,
        "a VACE module for Wan 14B",
        BY_MIRROR,
        names=(VACE_MODULE_14B,),
        instead=("vace-14b-fp8", "vace-14b-full"),
    ),
    WeightFile(
        "vace-14b-fp8",
        KIJAI,
        VACE_FP8_14B,
        FP8 * VACE_14B,
        "a VACE module for Wan 14B",
        BY_MIRROR,
        names=(VACE_FP8_14B,),
        instead=("vace-14b", "vace-14b-full"),
        known_from=MEMORY,
    ),
    WeightFile(
        "vace-1.3b-full",
        "Wan-AI/Wan2.1-VACE-1.3B",
        FULL,
        FP32 * (WAN_1_3B + VACE_1_3B),
        f"{SMALL} with VACE",
        APACHE,
        names=("wan2.1_vace_1.3B_fp16.safetensors",),
        known_from=MEMORY,
    ),
    WeightFile(
        "vace-14b-full",
        "Wan-AI/Wan2.1-VACE-14B",
        FULL + INDEX,
        FP32 * (WAN_14B + VACE_14B),
        f"{LARGE} with VACE",
        APACHE,
        names=("wan2.1_vace_14B_fp16.safetensors",),
        known_from=MEMORY,
    ),
    WeightFile(
        "umt5",
        WAN,
        UMT5_PTH,
        BF16 * UMT5,
        TEXT,
        APACHE,
        names=(UMT5_PTH,),
        instead=TEXT_ENCODERS[1:],
    ),
    WeightFile(
        "umt5-bf16",
        KIJAI,
        UMT5_BF16,
        BF16 * UMT5,
        TEXT,
        BY_MIRROR,
        names=(UMT5_BF16,),
        instead=_other_texts("umt5-bf16"),
        known_from=PAGE,
    ),
    WeightFile(
        "umt5-fp8",
        KIJAI,
        UMT5_FP8,
        6_731_333_792,  # a plain cast, whose token embedding is in bfloat16 still
        TEXT,
        BY_MIRROR,
        names=(UMT5_FP8,),
        instead=_other_texts("umt5-fp8"),
        known_from=PAGE,
        exact=True,
    ),
    WeightFile(
        "umt5-fp16",
        COMFY,
        f"split_files/text_encoders/{COMFY_FP16}",
        11_366_399_385,  # 4.58 MB over its parameters: it carries its tokenizer
        TEXT,
        names=(COMFY_FP16,),
        instead=_other_texts("umt5-fp16"),
        known_from=PAGE,
        exact=True,
    ),
    WeightFile(
        "umt5-fp8-scaled",
        COMFY,
        f"split_files/text_encoders/{COMFY_FP8}",
        FP8 * UMT5 + UMT5_WORDS,
        TEXT,
        names=(COMFY_FP8,),
        instead=_other_texts("umt5-fp8-scaled"),
        known_from=PAGE,
    ),
    WeightFile(
        "umt5-gguf",
        "city96/umt5-xxl-encoder-gguf",
        UMT5_GGUF.format("Q8_0"),
        UMT5 * 34 // 32,
        TEXT,
        names=tuple(UMT5_GGUF.format(kind) for kind in GGUF_KINDS),
        instead=_other_texts("umt5-gguf"),
        known_from=MEMORY,
    ),
    WeightFile(
        "tokenizer",
        WAN,
        "google/umt5-xxl/tokenizer.json",
        17_000_000,
        licence=APACHE,
        instead=("tokenizer-google", *WITH_TOKENIZER),
    ),
    WeightFile("tokenizer-google", "google/umt5-xxl", "tokenizer.json", 17_000_000, known_from=MEMORY),
    WeightFile(
        "wan",
        WAN,
        "Wan2.1_VAE.pth",
        FP32 * WAN_AUTOENCODER,
        AUTOENCODER,
        APACHE,
        names=(
            "Wan2.1_VAE.pth",
            "Wan2.1_VAE.safetensors",
            "wan_2.1_vae.safetensors",
            "Wan2_1_VAE_fp32.safetensors",
            "Wan2_1_VAE_bf16.safetensors",
        ),
    ),
    WeightFile(
        "taew2_1",
        LIGHT,
        "taew2_1.pth",
        BF16 * TINY_AUTOENCODER,
        TINY,
        BY_MIRROR,
        names=("taew2_1.pth", "taew2_1.safetensors"),
    ),
    WeightFile(
        "lightvae",
        LIGHT,
        "lightvaew2_1.pth",
        FP32 * WAN_AUTOENCODER // 16,  # a quarter of the channels
        f"{AUTOENCODER} at a quarter of its width",
        BY_MIRROR,
        names=("lightvaew2_1.pth", "lightvaew2_1.safetensors"),
    ),
    WeightFile(
        "lighttae",
        LIGHT,
        "lighttaew2_1.pth",
        FP32 * TINY_AUTOENCODER,
        TINY,
        BY_MIRROR,
        names=("lighttaew2_1.pth", "lighttaew2_1.safetensors"),
    ),
)

FILES: Mapping[str, WeightFile] = MappingProxyType({row.name: row for row in _ROWS})

AUTOENCODERS = ("taew2_1", "wan", "lightvae", "lighttae")
_OWN: Mapping[str, Mapping[str, str]] = {
    "longlive": {"base": "longlive-base", "lora": "longlive-lora", "vace": "vace-1.3b"},
    "streamdiffusion-v2": {"base": "streamdiffusion-v2-base", "vace": "vace-1.3b"},
    "memflow": {"base": "memflow-base", "lora": "memflow-lora", "vace": "vace-1.3b"},
    "reward-forcing": {"base": "reward-forcing-base", "vace": "vace-1.3b"},
    "krea-realtime": {"base": "krea-realtime-base", "vace": "vace-14b"},
}
PUBLISHED = tuple(_OWN)
"""The pipelines whose weights are to be had elsewhere."""


def files_of(pipeline: str, autoencoder: str = "taew2_1", text: str = "umt5") -> Mapping[str, WeightFile]:
    """What a pipeline is loaded from, by role: base, vace, text, tokenizer, autoencoder, and lora where it has one.

    Raises ValueError, naming what there is, for an unknown pipeline, autoencoder or text encoder.
    """
    _require("pipeline with published weights", pipeline, PUBLISHED)
    _require("autoencoder", autoencoder, AUTOENCODERS)
    _require("text encoder", text, TEXT_ENCODERS)
    roles = {**_OWN[pipeline], "text": text, "tokenizer": "tokenizer", "autoencoder": autoencoder}
    return {role: FILES[name] for role, name in roles.items()}


def _require(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(f"there is no {what} {given!r}; choose one of {', '.join(known)}")
