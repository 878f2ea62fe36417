"""How processes of one machine become ranks. They meet on loopback, and cannot be reached from anywhere else."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from .ranks import Ranks

if TYPE_CHECKING:
    from torch._C._distributed_c10d import TCPStore

LOOPBACK = "127.0.0.1"
PATIENCE = timedelta(seconds=120)
"""How long a rank waits for the others, at the start and in an exchange, before it raises RuntimeError."""


def open_rendezvous() -> TCPStore:
    """Where the ranks meet, at a free port of loopback (`port`). To be kept by rank 0 as long as the ranks live."""
    listener = socket.create_server((LOOPBACK, 0))
    port = listener.getsockname()[1]
    return dist.TCPStore(  # pyright: ignore[reportPrivateImportUsage]
        LOOPBACK, port, is_master=True, wait_for_workers=False, timeout=PATIENCE, master_listen_fd=listener.detach()
    )


def find_rendezvous(port: int) -> TCPStore:
    """The one that rank 0 has opened. Raises RuntimeError if there is none."""
    return dist.TCPStore(LOOPBACK, port, is_master=False, timeout=PATIENCE)  # pyright: ignore[reportPrivateImportUsage]


def join(rank: int, size: int, device: torch.device, store: TCPStore) -> Ranks:
    """Become one of `size` ranks, each on a device of its own (several CPU ranks share the processor).

    Returns when all have come. Raises ValueError for a device that PyTorch cannot exchange with here.
    """
    if trouble := exchange_trouble(device.type):
        raise ValueError(trouble)
    for library in ("GLOO", "NCCL"):
        os.environ.setdefault(f"{library}_SOCKET_IFNAME", _loopback_interface())
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(
        BACKENDS[device.type],
        store=store,
        rank=rank,
        world_size=size,
        timeout=PATIENCE,
        device_id=device if device.type == "cuda" else None,
    )
    return Ranks(rank, size, dist.group.WORLD)


def leave() -> None:
    """Be a rank no longer. What other ranks wait for will not come."""
    if dist.is_initialized():
        dist.destroy_process_group()


BACKENDS = {"cpu": "gloo", "cuda": "nccl"}


def exchange_trouble(kind: str) -> str:
    """Why devices of a kind ("cpu", "cuda") cannot make one stream together here, in words; "" where they can."""
    if kind not in BACKENDS:
        return f"several devices of kind {kind!r} cannot make one stream together; use {' or '.join(BACKENDS)}"
    if dist.is_available() and dist.is_backend_available(BACKENDS[kind]):
        return ""
    return (
        f"this PyTorch has no {BACKENDS[kind].upper()}, by which several {kind} devices exchange; PyTorch for Linux "
        "has it, and one device needs none"
    )


def _loopback_interface() -> str:
    return next(name for _, name in socket.if_nameindex() if name.startswith("lo"))
