"""Where weights are looked for: our own folder first, then where other programs keep theirs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import platformdirs

from vace_core.checkpoints.paths import expanded, is_folder

DATA_FOLDER = "vace-live"
VARIABLE = "VACE_MODELS"
SCOPE = Path(".daydream-scope", "models")
COMFYUI = (Path("ComfyUI"), Path("ComfyUI_windows_portable", "ComfyUI"))
UNDER_HOME = ("", "Documents", "Desktop", "Downloads")


def model_folders(
    given: Sequence[Path] = (), environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> tuple[Path, ...]:
    """The folders of a `Store`, in order; what is downloaded goes into the first.

    `given` (--models), else those in VACE_MODELS (several as in PATH), else the user's data folder; then, where they
    are there, huggingface_hub's cache, Scope's models, and ComfyUIs at home or at the top of the disk. Raises
    CheckpointError for the home of a user that there is not.
    """
    home = expanded(Path("~")) if home is None else home
    named = [Path(text) for text in environment.get(VARIABLE, "").split(os.pathsep) if text]
    own = list(given) or named or [platformdirs.user_data_path(DATA_FOLDER, appauthor=False) / "models"]
    others = [folder for folder in (_hub_cache(environment, home), home / SCOPE, *_comfyuis(home)) if is_folder(folder)]
    return tuple(dict.fromkeys(expanded(path).absolute() for path in [*own, *others]))


def keep_what_is_compiled() -> None:
    """Have PyTorch keep it in the user's cache folder, not in the temporary one, so that the next start is quick.

    Where TORCHINDUCTOR_CACHE_DIR is set, that folder stays.
    """
    folder = platformdirs.user_cache_path(DATA_FOLDER, appauthor=False) / "compiled"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))


def _hub_cache(environment: Mapping[str, str], home: Path) -> Path:
    """As huggingface_hub documents it."""
    if cache := environment.get("HF_HUB_CACHE"):
        return expanded(Path(cache))
    if hub := environment.get("HF_HOME"):
        return expanded(Path(hub)) / "hub"
    return expanded(Path(environment.get("XDG_CACHE_HOME") or home / ".cache")) / "huggingface" / "hub"


def _comfyuis(home: Path) -> Iterator[Path]:
    for base in [home / name for name in UNDER_HOME] + [Path(home.anchor)]:
        yield from (base / name for name in COMFYUI if is_folder(base / name / "models"))
