import cv2
import numpy as np
import pytest

from ..marker import HEIGHT, WIDTH, clip, maker, settings

GRAY = 200
TONE = GRAY / 127.5 - 1


@pytest.fixture
def anchor(tmp_path):
    path = tmp_path / "anchor.png"
    cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, 3), GRAY, np.uint8))
    return str(path)


def begun(stream) -> list[bool]:
    return [controls.first is not None for controls in stream.seen]


def run(chunk_pipeline, chunks, anchored=(), **wanted):
    """Some chunks, anchored by hand in those of these numbers; the faults of each."""
    faults = []
    for n in range(chunks):
        pictures = clip(chunk_pipeline.frames_wanted)
        faults.append(chunk_pipeline.make(pictures, None, settings(**wanted), anchor=n in anchored).faults)
    return faults


def test_the_picture_is_shown_once_when_it_is_set_and_again_on_the_trigger(anchor):
    chunk_pipeline, stream = maker()
    run(chunk_pipeline, 5, anchored={3}, first=anchor)
    assert begun(stream) == [True, False, False, True, False]
    first = stream.seen[3].first
    assert first is not None
    assert first.unique().tolist() == [pytest.approx(TONE)]


def test_every_so_many_chunks_it_returns_counted_from_the_last_time(anchor):
    chunk_pipeline, stream = maker()
    run(chunk_pipeline, 8, anchored={4}, first=anchor, anchor_every=3)
    assert [n for n, has in enumerate(begun(stream)) if has] == [0, 3, 4, 7]


def test_the_output_is_held_to_the_bit():
    chunk_pipeline, stream = maker()
    result = None
    for _ in range(2):
        result = chunk_pipeline.make(clip(chunk_pipeline.frames_wanted), None, settings(control="raw"))
    assert result is not None
    chunk_pipeline.make(clip(12), None, settings(control="raw", anchor_from="output"), anchor=True)
    first = stream.seen[2].first
    assert first is not None
    held = ((first.permute(1, 2, 0).numpy() + 1) * 127.5).round().astype(np.uint8)
    assert np.array_equal(held, result.frames[-1])


def test_the_input_is_that_of_the_chunks_own_first_frame_as_it_lies_in_the_canvas():
    chunk_pipeline, stream = maker()
    run(chunk_pipeline, 2, anchored={1}, anchor_from="input", canvas_x=0.5)
    first, source = stream.seen[1].first, stream.seen[1].source
    assert first is not None
    assert source is not None
    assert bool((first == source[0, :, 0]).all())


def test_to_return_to_nothing_is_told_and_the_chunk_is_made_all_the_same():
    chunk_pipeline, stream = maker()
    faults = run(chunk_pipeline, 3, anchored={1})
    told = "there is no picture to return to; set /vace/first, or /vace/anchor/from"
    assert faults == [(), (("/vace/anchor", told),), ()]
    assert run(chunk_pipeline, 1, anchored={0}, anchor_from="output") == [()]
    assert len(stream.seen) == 4


def test_before_anything_was_shown_the_output_is_no_anchor_and_no_fault():
    chunk_pipeline, stream = maker()
    assert run(chunk_pipeline, 1, anchored={0}, anchor_from="output") == [()]
    assert begun(stream) == [False]


def test_an_unreadable_picture_is_told_once_and_left_out():
    chunk_pipeline, stream = maker()
    faults = run(chunk_pipeline, 3, first="nowhere.png", last="nor.png")
    assert [[address for address, _ in said] for said in faults] == [["/vace/first", "/vace/last"], [], []]
    assert begun(stream) == [False] * 3


def test_a_chunk_of_one_latent_frame_cannot_begin_and_end_with_a_picture(anchor):
    """They would be the same frame."""
    chunk_pipeline, stream = maker(sizes=(4, 4))
    faults = run(chunk_pipeline, 2, first=anchor, last=anchor)
    assert [address for address, _ in faults[0]] == ["/vace/last"]
    assert "a chunk of 4 frames" in faults[0][0][1]
    assert faults[1] == ()
    assert (stream.seen[0].first is not None, stream.seen[0].last) == (True, None)


def test_after_a_reset_a_picture_acts_again(anchor):
    chunk_pipeline, stream = maker()
    run(chunk_pipeline, 2, first=anchor)
    chunk_pipeline.reset()
    run(chunk_pipeline, 2, first=anchor)
    assert begun(stream) == [True, False, True, False]
