"""The process of one rank beside the engine: it does what rank 0 does, with its own share of the tokens."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import cast

import torch
from torch import Tensor

from bridge.threads import GuardedThread
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.parallel import Ranks
from vace_core.parallel.join import find_rendezvous, join
from vace_core.stream import Stream
from vace_core.text import TextEncoder

from ...runtime import priority
from ...runtime.logs import start_engine_logging
from ..child_process import end_with_parent, ignore_the_terminal
from ..one_line import one_line
from .commands import Open, Outcome, Reset, Settle, Step
from .transfer import TensorReceiver

log = logging.getLogger(__name__)


def main(connection: Connection, load: str, options: object, rank: int, devices: tuple[str, ...], port: int) -> None:
    """Load the model and do what rank 0 says until it is gone, or until this rank is out of step with the others.

    load: "module:function", called with options, this rank's device and what to encode prompts with; gives a Model.
    port: of the ranks' rendezvous.
    """
    ignore_the_terminal()
    start_engine_logging(None, verbose=False)
    priority.lower_this_process()
    GuardedThread("end with the engine", end_with_parent).start()
    device = torch.device(devices[rank])
    share_processor(device, len(devices))
    texts = SentTexts()
    try:
        model = load_rank(load, options, devices[rank], texts)
    except Exception as error:  # noqa: BLE001 - whatever a checkpoint or a driver raises, the engine is told
        connection.send(Outcome(one_line(error)))
        return
    connection.send(Outcome())
    ranks = join(rank, len(devices), device, find_rendezvous(port))
    Worker(connection, model.shared_among(ranks), ranks, texts).run()


def load_rank(load: str, options: object, device: str, texts: SentTexts | None = None) -> Model:
    """Call the function that `load` names ("module:function")."""
    module, _, function = load.partition(":")
    return getattr(importlib.import_module(module), function)(options, device, texts)


def share_processor(device: torch.device, ranks: int) -> None:
    """Ranks on one processor have its cores together."""
    if device.type == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // ranks))


class SentTexts:
    """Embeddings that come from rank 0, which alone has a text encoder (`vace_core.text.TextEncoder.encode`)."""

    def __init__(self) -> None:
        self._before: Mapping[str, Tensor] = {}
        self._now: Mapping[str, Tensor] = {}

    def update(self, texts: Mapping[str, Tensor]) -> None:
        """Those of the next chunk's prompts; the memory may still be refreshed under the last chunk's."""
        self._before, self._now = self._now, texts

    def encode(self, prompt: str) -> Tensor:
        """[1, L, text_dim], as rank 0 has it."""
        return self._now[prompt] if prompt in self._now else self._before[prompt]


class Worker:
    """Does one command after the other, and tells what came of each."""

    def __init__(self, connection: Connection, model: Model, ranks: Ranks, texts: SentTexts) -> None:
        self._connection, self._model, self._texts = connection, model, texts
        self._tensors = TensorReceiver(ranks, model.device)
        self._stream: Stream | None = None

    def run(self) -> None:
        """Until rank 0 is gone, or this rank could not do what the others are doing, who then wait for it in vain."""
        try:
            while True:
                command = self._connection.recv()
                outcome = self._outcome(command)
                self._connection.send(outcome)
                if outcome.reason and not outcome.refused and isinstance(command, Step | Settle):
                    return
        except (EOFError, OSError):
            return

    def _outcome(self, command: object) -> Outcome:
        try:
            self._do(command)
        except ValueError as error:
            return Outcome(one_line(error), refused=True)
        except Exception as error:  # rank 0 is told
            log.debug("a rank has failed", exc_info=True)
            return Outcome(one_line(error))
        return Outcome()

    def _do(self, command: object) -> None:
        match command:
            case Open():
                self._stream = None  # its memory is free before the next one takes some
                self._stream = Stream(self._model, command.height, command.width)
            case Step():
                controls, texts = self._tensors.unpack(command.packed)
                self._texts.update(texts)
                self._opened.step(cast(Controls, controls))
            case Settle():
                self._opened.settle()
            case Reset():
                self._opened.reset()

    @property
    def _opened(self) -> Stream:
        assert self._stream is not None, "no stream was opened"
        return self._stream


def as_text_encoder(texts: SentTexts | None) -> TextEncoder | None:
    """What a model takes for its text encoder; it calls `encode` alone."""
    return cast("TextEncoder | None", texts)
