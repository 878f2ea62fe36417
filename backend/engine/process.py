"""The engine process: loads a model and runs the loop with it, until it is told to stop or the front is gone.

The front process imports this file to start the engine, so whatever needs torch is imported within functions that
only the engine process calls.
"""

from __future__ import annotations

import importlib
import logging
import time
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from bridge.errors import BridgeError
from bridge.threads import GuardedThread

from ..runtime import priority
from ..runtime.logs import start_engine_logging
from .child_process import end_with_parent, ignore_the_terminal
from .engine_loop import EngineLoop
from .heartbeat import Heartbeat
from .messages import EngineStart, Failed, Loading, Ready, RingsLost, StartAgain
from .one_line import one_line
from .shared_connection import SharedConnection
from .sized_pipeline import SizedPipeline
from .work_threads import threads_for

if TYPE_CHECKING:
    from .chunk_pipeline import ChunkPipeline
    from .model import EngineModel
    from .options import ModelOptions

log = logging.getLogger(__name__)


def main(connection: Connection, start: EngineStart) -> None:
    """Run until told to stop, or until the front process is gone."""
    ignore_the_terminal()
    start_engine_logging(start.log, start.verbose)
    priority.lower_this_process()
    GuardedThread("end with the front", end_with_parent).start()
    shared = SharedConnection(connection)
    heartbeat = Heartbeat(shared.send)
    heartbeat.start()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the front is gone
        _run(shared, start, heartbeat)
    heartbeat.stop()


def _run(connection: SharedConnection, start: EngineStart, heartbeat: Heartbeat) -> None:
    began = time.monotonic()
    try:
        model = load_model(start.load, start.model)
        pipeline = SizedPipeline(lambda height, width: open_pipeline(model, height, width), start.height, start.width)
        pipeline.warm_up(lambda what: connection.send(Loading(what)))
    except Exception as error:  # whatever a checkpoint, a driver or a package raises, the front is told
        log.debug("the model can't be loaded", exc_info=True)
        connection.send(Failed(one_line(error)))
        return
    with ExitStack() as rings:
        rings.callback(model.close)
        try:
            loop = EngineLoop(connection, start, pipeline, rings, heartbeat, threads_for(model.device))
        except BridgeError as error:
            connection.send(RingsLost(f"has lost what it shares with the program ({one_line(error)})"))
            return
        heartbeat.enter("waiting")
        connection.send(Ready(model.device, time.monotonic() - began, pipeline.runs_on))
        try:
            loop.run()
        except (EOFError, BrokenPipeError, ConnectionResetError):  # the front is gone
            raise
        except Exception as error:  # beyond a chunk's border the engine is in no known state: it ends, and says of what
            reason = f"has met what it cannot go on after ({one_line(error)})"
            connection.send(StartAgain(reason, given_up=start.given_up))
            raise


def load_model(load: str, options: ModelOptions) -> EngineModel:
    """Call the function that `load` names ("module:function") with the options."""
    module, _, function = load.partition(":")
    return getattr(importlib.import_module(module), function)(options)


def open_pipeline(model: EngineModel, height: int, width: int) -> ChunkPipeline:
    """A stream of that size with everything around it, for which a new prompt is encoded beside the show."""
    from .chunk_pipeline import ChunkPipeline
    from .prompt_prefetch import PromptPrefetcher

    return ChunkPipeline(model, height, width, None if model.encode is None else PromptPrefetcher(model.encode))
