"""The engine's stream on two ranks does what a stream on one does, and the ranks are reachable from nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
import torch
from torch import Tensor

from backend.engine.ranks.shared_stream import SharedStream
from backend.engine.ranks.transfer import Kept, Sent, TensorSender
from backend.engine.ranks.workers import Workers
from tests.vace_core.parallel.shows import Referred, masked, noise, plain, switched
from vace_core.conditioning import Reference
from vace_core.controls import Controls
from vace_core.model import Model
from vace_core.parallel import ALONE
from vace_core.progress import Progress
from vace_core.stream import Stream

from .small_ranks import SHOW, start

BOUND = 1e-5
SIZE = (32, 48)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Model, Workers]]:
    model, workers = start(tmp_path_factory.mktemp("ranks"))
    yield model, workers
    workers.close()


def frames(stream: Stream | SharedStream, controls: Controls) -> Tensor:
    chunk = stream.step(controls)
    assert chunk is not None
    return chunk.frames


def pair(ranks: tuple[Model, Workers], size: tuple[int, int] = SIZE) -> tuple[Stream, SharedStream]:
    return Stream(SHOW.model(ALONE), *size), SharedStream(*ranks, *size)


@pytest.mark.parametrize("asked", [switched, masked, Referred("slot"), Referred("joint")])
def test_a_shared_stream_shows_what_a_stream_does(ranks: tuple[Model, Workers], asked) -> None:
    alone, shared = pair(ranks)
    for n in range(5):
        controls = replace(asked(alone, n), loras=(0.3 * n,))
        torch.testing.assert_close(frames(shared, controls), frames(alone, controls), atol=BOUND, rtol=0)
        shared.settle()


def test_a_reset_and_another_size_are_done_by_all_ranks(ranks: tuple[Model, Workers]) -> None:
    alone, shared = pair(ranks)
    first = frames(shared, plain(alone, 0))
    frames(shared, Controls("ice"))
    shared.reset()
    assert torch.equal(frames(shared, plain(alone, 0)), first)
    alone, shared = pair(ranks, (48, 64))
    assert shared.frames_wanted == alone.frames_wanted == 9
    torch.testing.assert_close(frames(shared, plain(alone, 1)), frames(alone, plain(alone, 1)), atol=BOUND, rtol=0)


def test_controls_that_are_refused_leave_the_ranks_in_step(ranks: tuple[Model, Workers]) -> None:
    alone, shared = pair(ranks)
    with pytest.raises(ValueError, match="context scale must be 0 to 2, got 3"):
        shared.step(Controls("gold", scale=3.0))
    for n in range(2):
        torch.testing.assert_close(frames(shared, plain(alone, n)), frames(alone, plain(alone, n)), atol=BOUND, rtol=0)


class Shown(Progress):
    """Keeps the frames that it gets, and raises at one of them."""

    def __init__(self, fails_at: int = -1) -> None:
        self.frames: list[Tensor] = []
        self.steps = 0
        self._fails_at = fails_at

    def stepped(self) -> None:
        self.steps += 1

    def decoded(self, frames: Tensor, latents: Tensor) -> None:
        if len(self.frames) == self._fails_at:
            raise ValueError("the picture was not a number")
        self.frames.append(frames)


def test_frames_are_told_as_they_are_decoded(ranks: tuple[Model, Workers]) -> None:
    alone, shared = pair(ranks)
    shown = Shown()
    chunk = shared.step(plain(alone, 0), shown)
    assert chunk is not None
    assert (len(shown.frames), shown.steps) == (3, len(alone.model.pipeline.steps))
    assert torch.equal(torch.cat(shown.frames, dim=2), chunk.frames)


def test_ranks_stay_in_step_where_what_is_told_raises(ranks: tuple[Model, Workers]) -> None:
    alone, shared = pair(ranks)
    first, shown = plain(alone, 0), Shown(fails_at=1)
    frames(alone, first)
    with pytest.raises(ValueError, match="the picture was not a number"):
        shared.step(first, shown)
    assert len(shown.frames) == 1
    shared.settle()
    shared.record_calls()
    torch.testing.assert_close(frames(shared, plain(alone, 1)), frames(alone, plain(alone, 1)), atol=BOUND, rtol=0)


def test_every_socket_that_listens_is_on_loopback(ranks: tuple[Model, Workers]) -> None:
    pids = [psutil.Process().pid, *ranks[1].pids]
    sockets = [one for pid in pids for one in psutil.Process(pid).net_connections("inet") if one.status == "LISTEN"]
    assert len(sockets) >= len(pids)
    assert {one.laddr.ip for one in sockets} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_pictures_and_embeddings_are_sent_once_and_videos_each_time() -> None:
    sender, picture, embedding = TensorSender(), noise(0, 1, SIZE)[0, :, 0], torch.ones(1, 6, 12)
    controls = Controls("gold", control=noise(1, 9, SIZE), references=(Reference(picture),))
    first, sent = sender.pack((controls, {"gold": embedding}))
    assert [type(place) for place in first.tensors] == [Sent, Sent, Sent]
    assert len(sent) == 3
    second, sent = sender.pack((controls, {"gold": embedding}))
    assert sorted(type(place).__name__ for place in second.tensors) == [Kept.__name__, Kept.__name__, Sent.__name__]
    assert [tensor.dim() for tensor in sent] == [5]
    third, sent = sender.pack((replace(controls, references=(Reference(picture.clone()),)), {"gold": embedding}))
    assert len(third.tensors) == 3
    assert len(sent) == 2


def test_a_tensor_that_is_there_twice_is_sent_once() -> None:
    video = noise(1, 9, SIZE)
    packed, sent = TensorSender().pack(Controls("gold", source=video, video=video))
    assert len(packed.tensors) == len(sent) == 1
