"""Networks that the user has, in the folders of repositories that the hub's programs make."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from torch import nn

from ..checkpoints.catalogue import WeightFile
from ..checkpoints.lazy_tensor import all_finite
from ..checkpoints.store import Store
from ..checkpoints.weights import open_weights
from ..errors import CheckpointError, one_line

Net = TypeVar("Net")
Module = TypeVar("Module", bound=nn.Module)


def repository_file(repository: str, path: str, folders: Sequence[Path]) -> Path:
    """Where a file of a repository lies: folder/owner/name, folder/name, or the hub's cache in it.

    ValueError, with the command that brings it, where it is in none of the folders.
    """
    found = Store(folders).find(WeightFile(f"{repository}/{path}", repository, path, 0))
    if found is None:
        looked = ", ".join(map(str, folders)) or "no folder"
        raise ValueError(
            f"{repository} is not on this machine: run `hf download {repository}`, or name a folder that holds it with "
            f"--models (looked in {looked})"
        )
    return found


def from_repository(read: Callable[..., Net], repository: str, folders: Sequence[Path]) -> Net:
    """What one of transformers' `from_pretrained` reads from a repository that is here; nothing is fetched.

    ValueError where it isn't, or is damaged; a network's numbers have to be finite.
    """
    folder = repository_file(repository, "config.json", folders).parent
    try:
        found = read(os.fspath(folder), local_files_only=True)
        if isinstance(found, nn.Module):
            _require_finite(found)
    except Exception as error:  # a damaged file makes the library raise anything
        raise ValueError(f"{repository} in {folder} cannot be read ({_first(error)}); download it again") from error
    return found


def load_weights(net: nn.Module, path: Path) -> None:
    """Give a network the weights of a file, all of them. CheckpointError where they are others, or damaged."""
    weights = {key: stored.read() for key, stored in open_weights(path).tensors.items()}
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path} holds other weights than expected ({_first(error)}); get it again") from error


def _require_finite(net: nn.Module) -> None:
    for key, value in net.state_dict().items():
        if not all_finite(value):
            raise ValueError(f"{key} holds NaN or infinite numbers")


def _first(error: Exception) -> str:
    return one_line(str(error).strip().partition("\n")[0]) or type(error).__name__


def looking(net: Module) -> Module:
    """Made ready to be used and not trained."""
    return net.eval().requires_grad_(False)
