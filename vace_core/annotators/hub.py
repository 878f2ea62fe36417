"""Networks that the user has, in the folders of repositories that the hub's programs make."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from torch import nn

from ..checkpoints.catalogue import WeightFile
from ..checkpoints.store import Store

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

    ValueError where it isn't, or is damaged.
    """
    folder = repository_file(repository, "config.json", folders).parent
    try:
        return read(os.fspath(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{repository} in {folder} cannot be read ({reason}); download it again") from error


def looking(net: Module) -> Module:
    """Made ready to be used and not trained."""
    return net.eval().requires_grad_(False)
