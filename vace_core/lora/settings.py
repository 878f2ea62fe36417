"""What PEFT and diffusers write beside a LoRA's matrices: its alphas, from a file of settings or the header."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..checkpoints.paths import is_folder, read_json
from ..checkpoints.weights import Weights
from ..errors import CheckpointError

FILE = "adapter_config.json"
HEADER = "lora_adapter_metadata"
"""Under which name diffusers has the same in the header of safetensors."""
LARGEST_ALPHA = 1e6
MOST_PATTERNS, MOST_REPEATING, LONGEST_PATTERN, LONGEST_NAME = 1000, 16, 200, 200
"""Patterns are regular expressions of somebody else's: within these, none takes long to match."""
REPEATS = re.compile(r"(?<!\\)[*+?{]")
REPEATED_GROUP = re.compile(r"\)[*+?{]")


@dataclass(frozen=True)
class Settings:
    """By PEFT's names. lora_alpha: None where it is each module's rank; of a LoHa or LoKr PEFT calls it alpha."""

    lora_alpha: float | None = None
    r: int | None = None
    alpha_pattern: Mapping[str, float] = field(default_factory=dict)
    """By a regular expression for the end of a module's name; the first that fits counts."""
    use_rslora: bool = False

    def scale(self, module: str, rank: int) -> float:
        """What a module's change is multiplied by. module: as the file spells it."""
        alpha = rank if self.lora_alpha is None else self.lora_alpha
        for pattern, own in self.alpha_pattern.items():
            if len(module) <= LONGEST_NAME and re.match(rf"(.*\.)?({pattern})$", module):  # as PEFT matches
                alpha = own
                break
        return alpha / (math.sqrt(rank) if self.use_rslora else rank)

    def scale_without_rank(self) -> float:
        """The same where the numbers of a module show no rank."""
        return 1.0 if self.lora_alpha is None or self.r is None else self.lora_alpha / self.r


def read_settings(weights: Weights) -> Settings:
    """From the header, as diffusers writes them, or the file beside it, as PEFT does. CheckpointError for nonsense."""
    path = weights.path
    beside = (path if is_folder(path) else path.parent) / FILE
    peft = any(key.startswith("base_model.") for key in weights.tensors)
    try:
        if HEADER in weights.metadata:
            return _settings(json.loads(weights.metadata[HEADER]))
        return _settings(read_json(beside)) if peft and beside.exists() else Settings()
    except (ValueError, TypeError, RecursionError) as reason:
        raise CheckpointError(f"{path}: its adapter settings cannot be read ({reason}); get them again") from reason


def _settings(found: Any) -> Settings:
    """ValueError or TypeError for what makes no sense."""
    if not isinstance(found, dict):
        raise ValueError(f"a {type(found).__name__}, expected an object")
    named = {name.rpartition(".")[2]: value for name, value in found.items()}
    alpha, patterns = named.get("lora_alpha", named.get("alpha")), named.get("alpha_pattern") or {}
    rank = named.get("r")
    if rank is not None and (type(rank) is not int or rank < 1):
        raise ValueError(f"r is {str(rank)[:40]}, expected a whole number from 1")
    if not isinstance(patterns, dict) or len(patterns) > MOST_PATTERNS:
        raise ValueError(f"alpha_pattern is no object of at most {MOST_PATTERNS} patterns")
    if sum(1 for pattern in patterns if _is_repeating(pattern)) > MOST_REPEATING:
        raise ValueError(f"alpha_pattern has more than {MOST_REPEATING} patterns that repeat something")
    return Settings(
        None if alpha is None else _alpha("lora_alpha", alpha),
        rank,
        {_pattern(pattern): _alpha(pattern, own) for pattern, own in patterns.items()},
        bool(named.get("use_rslora")),
    )


def _alpha(name: str, given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= LARGEST_ALPHA:
        raise ValueError(f"alpha of {name[:LONGEST_PATTERN]!r} is {str(given)[:40]}, expected a number")
    return float(given)


def _pattern(pattern: str) -> str:
    """ValueError for what is no regular expression, or one that may take for ever."""
    shown = pattern[:LONGEST_PATTERN]
    if len(pattern) > LONGEST_PATTERN or len(REPEATS.findall(pattern)) > 1 or REPEATED_GROUP.search(pattern):
        raise ValueError(f"the pattern {shown!r} is too long or repeats too much; write the modules' names instead")
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as reason:
        raise ValueError(f"the pattern {shown!r} is no regular expression ({reason})") from reason
    return pattern


def _is_repeating(pattern: str) -> bool:
    return REPEATS.search(pattern) is not None
