"""What is given up when memory runs out, and when it comes back."""

import cv2
import pytest
import torch

from backend.engine.memory_ladder import LONGEST_SECONDS, RUNGS, UP_SECONDS, MemoryLadder, is_out_of_memory


def test_each_failure_takes_one_rung_and_at_the_end_there_is_none():
    ladder = MemoryLadder()
    assert ladder.scale == 1.0
    assert [ladder.step_down(now) for now in range(len(RUNGS) + 1)] == [*RUNGS, ""]
    assert ladder.given_up == RUNGS
    assert ladder.scale == 0.5


def test_rungs_come_back_one_by_one_each_after_a_good_while():
    ladder = MemoryLadder()
    for _ in range(4):
        ladder.step_down(0.0)
    steps = [(now, rung) for now in range(600) if (rung := ladder.step_up(float(now)))]
    assert steps == [(60, "a quarter of the size"), (120, "references"), (180, "previews"), (240, "decoding in one go")]
    assert ladder.given_up == ()


def test_a_rung_that_came_back_too_soon_is_waited_for_twice_as_long():
    ladder, now, waits = MemoryLadder(), 0.0, []
    for _ in range(9):
        ladder.step_down(now)
        waits.append(ladder.wait)
        now += ladder.wait
        assert ladder.step_up(now) == "decoding in one go"
        now += 1.0
    assert waits[:3] == [UP_SECONDS, 2 * UP_SECONDS, 4 * UP_SECONDS]
    assert waits[-1] == LONGEST_SECONDS


def test_what_an_engine_before_had_given_up_is_tried_again_after_an_hour():
    ladder = MemoryLadder(2, now=5000.0)
    assert ladder.given_up == ("decoding in one go", "previews")
    assert ladder.step_up(5000.0 + LONGEST_SECONDS - 1) == ""
    assert ladder.step_up(5000.0 + LONGEST_SECONDS) == "previews"


def test_after_a_good_while_with_everything_the_wait_is_short_again():
    ladder = MemoryLadder()
    ladder.step_down(0.0)
    assert ladder.step_up(60.0)
    ladder.step_down(61.0)
    assert ladder.wait == 120.0
    assert ladder.step_up(181.0)
    assert ladder.step_up(181.0 + 120.0) == ""
    ladder.step_down(400.0)
    assert ladder.wait == UP_SECONDS


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes"),
        MemoryError(),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_errors_of_missing_memory_are_known(error: Exception):
    assert is_out_of_memory(error)


def test_a_real_allocation_that_is_too_large_is_known():
    with pytest.raises(RuntimeError) as torchs:
        torch.empty(1 << 46)
    with pytest.raises(cv2.error) as opencvs:
        cv2.resize(torch.zeros(1, 1, dtype=torch.uint8).numpy(), (1 << 30, 1 << 20))
    assert is_out_of_memory(torchs.value)
    assert is_out_of_memory(opencvs.value), str(opencvs.value)


@pytest.mark.parametrize("error", [ValueError("references can't be shown"), RuntimeError("size mismatch")])
def test_other_errors_are_not(error: Exception):
    assert not is_out_of_memory(error)
