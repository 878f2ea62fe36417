import numpy as np
import pytest

from backend.engine.side_frames import write_synced
from backend.front.capture import make_ring
from backend.front.synced_output import SyncedOutput
from bridge.video.frames import Frame

SIZE = (32, 48)


@pytest.fixture
def ring():
    with make_ring(SIZE, 3, 24) as made:
        yield made


def frames(*tones: int) -> np.ndarray:
    return np.stack([np.full((*SIZE, 3), tone, np.uint8) for tone in tones])


def tones(ring, shown: list[int], blank: int = 7) -> list[int]:
    """What goes out beside an output that shows these frames of the input."""
    sent: list[Frame] = []
    synced = SyncedOutput(ring, SIZE, blank, [sent.append])
    for tick, number in enumerate(shown):
        synced.send(Frame(frames(0)[0], tick, tick / 30, number))
    assert [frame.number for frame in sent] == list(range(len(shown))), "one on every tick"
    return [int(frame.pixels[0, 0, 0]) for frame in sent]


def test_every_frame_goes_out_with_the_frame_of_the_output_that_it_is_of(ring):
    write_synced(ring, frames(10, 11, 12), [0.0, 0.1, 0.2], [5, 6, 7])
    assert tones(ring, [5, 5, 6, 7]) == [10, 10, 11, 12]


def test_where_there_was_none_it_is_blank(ring):
    write_synced(ring, frames(10), [0.0], [5])
    write_synced(ring, None, [0.1], [6])
    write_synced(ring, frames(12), [0.2], [7])
    assert tones(ring, [-1, 4, 5, 6, 7, 8]) == [7, 7, 10, 7, 12, 7]


def test_a_ring_for_the_page_alone_takes_the_last_ones_only():
    with make_ring(SIZE, 3, 2) as short:
        write_synced(short, frames(10, 11, 12), [0.0, 0.1, 0.2], [5, 6, 7])
        latest = short.latest()
        assert latest is not None
        assert (short.written, int(latest.pixels[0, 0, 0]), latest.source_number) == (2, 12, 7)


def test_another_engine_goes_on_where_the_one_before_stopped(ring):
    write_synced(ring, frames(10, 11), [0.0, 0.1], [5, 6])
    sent: list[Frame] = []
    synced = SyncedOutput(ring, SIZE, 0, [sent.append])
    synced.send(Frame(frames(0)[0], 0, 0.0, 6))
    write_synced(ring, frames(12), [0.3], [9])
    synced.send(Frame(frames(0)[0], 1, 0.1, 9))
    assert [int(frame.pixels[0, 0, 0]) for frame in sent] == [11, 12]
