import numpy as np
import pytest
import torch

from backend.engine.control_video import place_control
from backend.imaging.canvas import Box, Canvas

from ..marker import maker, settings

HEIGHT, WIDTH = 64, 96
RANDOM = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def test_by_default_the_source_fills_the_canvas_and_is_what_it_is():
    assert Canvas().fills(HEIGHT, WIDTH)
    assert Canvas().place(RANDOM) is RANDOM
    assert Canvas().outside(HEIGHT, WIDTH).max() == 0.0


@pytest.mark.parametrize(
    ("canvas", "rows", "columns"),
    [
        (Canvas(0.25, 0.25, 0.5, 0.5), slice(16, 48), slice(24, 72)),
        (Canvas(0.5, 0.5, 0.5, 0.5), slice(32, 64), slice(48, 96)),
        (Canvas(-0.25, 0.0), slice(0, 64), slice(0, 72)),
        (Canvas(0.0, 0.5), slice(32, 64), slice(0, 96)),
        (Canvas(0.75, -0.25, 0.5, 0.5), slice(0, 16), slice(72, 96)),
        (Canvas(0.0, 0.0, 1.0, 0.5), slice(0, 32), slice(0, 96)),
    ],
)
def test_the_source_lies_where_it_is_put_on_any_side_scaled_or_not(canvas, rows, columns):
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[rows, columns] = True
    assert np.array_equal(canvas.outside(HEIGHT, WIDTH), np.where(inside, 0.0, 1.0))
    assert canvas.place(RANDOM).shape == RANDOM.shape
    assert not canvas.fills(HEIGHT, WIDTH)


def test_what_is_not_scaled_keeps_its_pixels_to_the_last_one():
    moved = Canvas(0.25, -0.5).place(RANDOM)
    assert np.array_equal(moved[:32, 24:], RANDOM[32:, :72])
    assert np.array_equal(moved[40], moved[31]), "outside, the edge is drawn on"


def test_the_smallest_source_is_a_pixel_and_one_outside_is_no_error():
    assert Canvas(0.5, 0.5, 0.001, 0.001).box(HEIGHT, WIDTH) == Box(32, 48, 1, 1)
    assert Canvas(0.5, 0.5, 0.001, 0.001).place(RANDOM).shape == RANDOM.shape
    assert Canvas(1.0).is_empty(HEIGHT, WIDTH)
    assert np.unique(Canvas(1.0).place(RANDOM)).tolist() == [128]
    assert Canvas(-1.0).outside(HEIGHT, WIDTH).min() == 1.0


@pytest.mark.parametrize("canvas", [Canvas(0.25, 0.25, 0.5, 0.5), Canvas(0.25, -0.5), Canvas(0.0, 0.25, 1.0, 0.5)])
def test_a_control_lies_exactly_where_its_source_does_with_nothing_outside(canvas):
    control = torch.from_numpy(RANDOM).permute(2, 0, 1)[None, :, None].float() / 127.5 - 1
    placed = (place_control(control, canvas)[0, :, 0].permute(1, 2, 0).numpy() + 1) * 127.5
    inside = canvas.outside(HEIGHT, WIDTH) == 0
    assert np.abs(placed - canvas.place(RANDOM))[inside].max() <= 0.51, "to the rounding of a picture"
    assert set(placed[~inside].ravel()) == {127.5}


PICTURES = [RANDOM] * 12


def made(chunk_pipeline, **wanted):
    return chunk_pipeline.make(PICTURES[: chunk_pipeline.frames_wanted], None, settings(**wanted))


HALF = {"canvas_x": 0.5, "canvas_w": 0.5, "canvas_h": 0.5, "mask_feather": 0.0}


def test_outside_is_generated_and_inside_is_kept_to_the_bit():
    chunk_pipeline, stream = maker()
    result = made(chunk_pipeline, **HALF)
    mask = stream.seen[0].mask
    assert result.mode == "outpainting"
    assert mask is not None
    assert (mask[0, 0, 0, :32, 48:].max(), mask[0, 0, 0, 32:].min(), mask[0, 0, 0, :, :48].min()) == (0, 1, 1)
    kept = Canvas(0.5, 0.0, 0.5, 0.5).place(RANDOM)
    assert np.array_equal(result.frames[3, :32, 48:], kept[:32, 48:])


def test_inside_is_what_the_mask_says():
    chunk_pipeline, stream = maker()
    assert made(chunk_pipeline, mask_source="top", canvas_y=0.25, **HALF).mode == "inpainting+outpainting"
    assert made(chunk_pipeline, mask_source="right", **HALF).mode == "text", "all of it is restyled"
    assert made(chunk_pipeline, mask_invert=True, control="depth", **HALF).mode == "control"
    first, second, third = stream.seen
    assert first.mask is not None
    assert first.mask[0, 0, 0, :32].min() == 1
    assert first.mask[0, 0, 0, 32:48, 48:].max() == 0
    assert (second.mask, third.mask) == (None, None)
    assert third.control is not None
    assert third.control[0, :, 0, 40:].abs().max() == 0, "and there is nothing to follow outside"


def test_the_source_moves_live_and_nothing_is_forgotten():
    chunk_pipeline, stream = maker()
    for n in range(10):
        made(chunk_pipeline, control="depth", canvas_x=n / 10 - 0.5, canvas_w=1 - n / 20)
    assert stream.chunks == 10


def test_a_source_outside_the_canvas_is_said_and_the_show_goes_on():
    chunk_pipeline, _ = maker()
    result = made(chunk_pipeline, canvas_x=1.0)
    assert result.faults == (("/vace/canvas/x", "the input lies outside the picture; move it back into the canvas"),)
    assert len(result.frames) == 9
