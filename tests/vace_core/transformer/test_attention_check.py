"""Attention kernels are tried before they run: each fault that one may have is planted here, and found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import _disable_current_modes

from tests.vace_core.small import PER_FRAME, PIPELINE, model
from tests.vace_core.transformer.graph_recorder import recorded
from vace_core.checkpoints.options import ATTENTION
from vace_core.config import PIPELINES
from vace_core.stream import Stream
from vace_core.transformer.attention_backends import TABLE, AttentionBackend, Call, Facts, aligned, backend_named
from vace_core.transformer.attention_cases import Case, cases_of, inputs_of, relative_error
from vace_core.transformer.attention_check import AttentionChoice, Judge, choose_attention
from vace_core.transformer.laboratory import Laboratory, Run

CPU = torch.device("cpu")
CASES = (
    Case("to a full window", 24, 101, 10, memory=True),
    Case("to the prompt", 24, 40, 10),
    Case("with a bias", 24, 101, 10, memory=True, biased=True),
)


def right(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    return scaled_dot_product_attention(queries, keys, values, attn_mask=bias)


def in_turn(*milliseconds: float) -> Callable[[Sequence[Run]], list[float]]:
    """A clock that says so of the candidates, in their order, having run each."""

    def time(runs: Sequence[Run]) -> list[float]:
        assert all(run().isfinite().all() for run in runs)
        return list(milliseconds[: len(runs)])

    return time


def row(name: str, call: Call, bias: bool = True, **others: object) -> AttentionBackend:
    return replace(backend_named("sdpa"), name=name, load=lambda: call, bias=bias, **others)  # pyright: ignore[reportArgumentType]


def judge(*rows: AttentionBackend, times: tuple[float, ...] = (2.0, 1.0), dtype: torch.dtype = torch.float32) -> Judge:
    """Of these rows, behind one that is right and slow."""
    laboratory = Laboratory(recorded, in_turn(*times))
    return Judge(Facts("cpu"), CPU, dtype, 2, 16, laboratory, (row("sure", right), *rows))


def refusal(choice: AttentionChoice, name: str, biased: bool = False) -> str:
    return next(trial.refused for trial in choice.trials if (trial.backend, trial.biased) == (name, biased))


def test_the_quickest_of_those_that_are_right_is_chosen_for_each_kind_of_attention() -> None:
    choice = judge(row("quick", right), row("no bias", right, bias=False), times=(3.0, 2.0, 1.0)).choose(CASES)
    assert (choice.plain, choice.biased) == ("no bias", "quick")
    assert choice.words() == "no bias, and quick with a bias"
    assert refusal(choice, "no bias", biased=True) == "it takes no bias"


def test_one_that_is_slower_is_not_chosen() -> None:
    choice = judge(row("slow", right), times=(1.0, 2.0)).choose(CASES)
    assert choice.plain == choice.biased == "sure"
    assert [trial.milliseconds for trial in choice.trials] == [20.0, 40.0, 10.0, 20.0]


def test_the_time_of_a_chunk_counts_and_not_that_of_a_call() -> None:
    """Here the prompt is attended to more often than the window."""
    often = (replace(CASES[0], calls=1), replace(CASES[1], calls=100), CASES[2])
    times = iter([[1.0, 9.0], [2.0, 1.0], [1.0, 2.0]])
    timed = replace(judge(row("at the prompt", right)), laboratory=Laboratory(None, lambda runs: next(times)))
    assert timed.choose(often).plain == "at the prompt"


def stale(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    """As a kernel that is launched on another stream than the one that is captured."""
    out = torch.empty_like(queries)
    with _disable_current_modes():
        out.copy_(right(queries, keys, values, bias))
    return out


def test_one_that_escapes_capture_is_refused_and_only_a_replay_can_tell() -> None:
    choice = judge(row("stale", stale)).choose(CASES)
    assert choice.plain == "sure"
    assert "out of a captured graph it is off by" in refusal(choice, "stale")
    eager = replace(judge(row("stale", stale)), laboratory=Laboratory(None, in_turn(2.0, 1.0)))
    assert eager.choose(CASES).plain == "stale"


def test_one_that_ignores_the_bias_is_refused_where_there_is_one() -> None:
    deaf = row("deaf", lambda queries, keys, values, bias: right(queries, keys, values, None))
    choice = judge(deaf).choose(CASES)
    assert (choice.plain, choice.biased) == ("deaf", "sure")
    assert "it is off by" in refusal(choice, "deaf", biased=True)


def as_if_dense(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    """As a kernel that takes heads to follow each other at once, which those of a memory do not."""
    key, value = (x.as_strided(x.shape, torch.empty(x.shape).stride()) for x in (keys, values))
    return right(queries, key, value, bias)


def test_one_that_is_wrong_at_the_strides_of_the_memory_is_refused() -> None:
    choice = judge(row("dense", as_if_dense)).choose(CASES)
    assert "to a full window" in refusal(choice, "dense")
    query, key, value, _ = inputs_of(replace(CASES[0], memory=False), 2, 16, CPU, torch.float32, 0)
    dense = (query, key.contiguous(), value.contiguous(), None)
    assert relative_error(as_if_dense(*dense), dense) < 1e-4  # it is right where they do


def smoothing(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    keys -= keys.mean(dim=2, keepdim=True)
    return right(queries, keys, values, bias)


def test_one_that_writes_into_the_keys_is_refused_though_its_result_is_right() -> None:
    queries, keys, values, _ = inputs_of(CASES[0], 2, 16, CPU, torch.float32, 0)
    assert relative_error(smoothing(queries, keys.clone(), values, None), (queries, keys, values, None)) < 1e-4
    assert "it changes what it is given" in refusal(judge(row("smoothing", smoothing)).choose(CASES), "smoothing")


def test_one_that_is_wrong_in_its_last_row_alone_is_refused() -> None:
    def careless(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        out = right(queries, keys, values, bias).clone()
        out[:, :, -1] = 0
        return out

    assert "it is off by 1," in refusal(judge(row("careless", careless)).choose(CASES), "careless")


def test_one_that_gives_no_numbers_is_refused() -> None:
    nothing = row("nothing", lambda queries, keys, values, bias: right(queries, keys, values, bias) * torch.nan)
    eager = replace(judge(nothing), laboratory=Laboratory(None, in_turn(1.0, 1.0)))
    assert "off by nan" in refusal(eager.choose(CASES), "nothing")


def test_one_that_cannot_be_imported_or_fails_is_refused_with_its_reason() -> None:
    def missing() -> Call:
        raise ImportError("libcudart.so.12: cannot open")

    def failing(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        raise ValueError("Unsupported CUDA architecture: sm75\nand more")

    choice = judge(replace(row("missing", right), load=missing), row("failing", failing)).choose(CASES)
    assert refusal(choice, "missing") == "it fails (libcudart.so.12: cannot open)"
    assert refusal(choice, "failing") == "it fails (Unsupported CUDA architecture: sm75)"
    assert choice.plain == "sure"


def test_running_out_of_memory_is_not_taken_for_a_fault_of_the_kernel() -> None:
    def large(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        judge(row("large", large)).choose(CASES)


def test_one_that_is_asked_for_by_name_runs_though_it_is_slower() -> None:
    slow = row("slow", right, bias=False)
    choice = judge(slow, times=(1.0, 2.0)).choose(CASES, "slow")
    assert (choice.plain, choice.biased) == ("slow", "sure")


def test_one_that_is_asked_for_by_name_and_is_wrong_is_an_error_that_names_the_others() -> None:
    with pytest.raises(
        ValueError, match=r"'stale' was asked for, but out of a captured graph.*; choose one of auto, sure"
    ):
        judge(row("stale", stale)).choose(CASES, "stale")


def test_one_that_is_taken_by_name_only_is_left_alone_otherwise() -> None:
    rows = judge(row("daring", right, by_name_only=True))
    assert refusal(rows.choose(CASES), "daring") == "it is taken by name only"
    assert rows.choose(CASES, "daring").plain == "daring"


def test_where_none_is_right_it_is_said_of_each() -> None:
    wrong = Judge(Facts("cpu"), CPU, torch.float32, 2, 16, Laboratory(), (row("stale", lambda *inputs: inputs[0]),))
    with pytest.raises(ValueError, match=r"no attention is right here: stale is not taken: it is off by"):
        wrong.choose(CASES)


def test_without_a_clock_the_first_that_is_right_is_taken_and_no_more_are_tried() -> None:
    def never(*inputs: object) -> Tensor:
        raise AssertionError("it was tried")

    plain = replace(judge(row("second", never)), laboratory=Laboratory())
    assert refusal(plain.choose(CASES), "second") == "sure comes first"


H100 = Facts("cuda", "NVIDIA H100", (9, 0), {"flash_attn_interface": "", "triton": "3.5", "sageattention": "1.0.6"})


@pytest.mark.parametrize(
    ("name", "facts", "why"),
    [
        ("cudnn", H100, None),
        ("flash3", H100, None),
        ("flash3", replace(H100, capability=(12, 0)), "it is not made for compute capability 12.0"),
        ("flash4", H100, "flash_attn is not installed"),
        ("sage1", H100, None),
        ("sage2", H100, "sageattention is of version 1.0.6"),
        (
            "sage1",
            replace(H100, installed={"triton": "3.5", "sageattention": "2.2.0"}),
            "sageattention is of version 2.2.0",
        ),
        ("sage1", replace(H100, installed={"sageattention": "1.0.6"}), "triton is not installed"),
        ("sage3", H100, "it is not made for compute capability 9.0"),
        ("flash", replace(H100, capability=(7, 5)), "it is not made for compute capability 7.5"),
        ("efficient", replace(H100, capability=(7, 5)), None),
        ("cudnn", Facts("cpu"), "it runs on cuda only"),
        ("sdpa", Facts("mps"), None),
    ],
)
def test_what_cannot_run_on_a_device_is_known_without_trying(name: str, facts: Facts, why: str | None) -> None:
    assert backend_named(name).why_not(facts, torch.bfloat16, 128, biased=False) == why


def test_number_formats_heads_and_biases_that_a_row_does_not_take_are_said() -> None:
    flash, sage = backend_named("flash"), backend_named("sage1")
    assert flash.why_not(H100, torch.float32, 128, biased=False) == "it does not take float32"
    assert flash.why_not(H100, torch.bfloat16, 128, biased=True) == "it takes no bias"
    assert sage.why_not(H100, torch.bfloat16, 80, biased=False) == "it takes no heads of size 80"


def test_the_table_has_a_row_for_every_name_and_one_for_every_device_that_takes_a_bias() -> None:
    assert ("auto", *(backend.name for backend in TABLE)) == ATTENTION
    with pytest.raises(ValueError, match=r"no attention 'sage'; choose auto, or one of sdpa, cudnn"):
        backend_named("sage")
    for device in ("cuda", "cpu", "mps"):
        assert any(backend.why_not(Facts(device), torch.float32, 32, biased=True) is None for backend in TABLE)


def test_a_bias_is_laid_out_for_the_memory_efficient_kernel() -> None:
    queries, keys, _, bias = inputs_of(CASES[2], 2, 16, CPU, torch.bfloat16, 0)
    assert bias is not None
    ready = aligned(bias, queries, keys)
    assert ready.shape == (1, 2, 24, 101)
    assert torch.equal(ready[0, 1, 7], bias[0, 0, 0])
    assert ready.stride()[1:] == (0, 0, 1)
    assert ready.stride(0) % 16 == 0
    assert ready.untyped_storage().nbytes() == 2 * 112


@pytest.mark.parametrize("name", ["sdpa", "math"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_runs_on_the_cpu_is_right_there(name: str, dtype: torch.dtype) -> None:
    alone = Judge(Facts("cpu"), CPU, dtype, 2, 16, Laboratory(recorded))
    choice = alone.choose(CASES, name)
    assert choice.plain == choice.biased == name
    assert all(0 < (trial.error or 0) < {torch.float32: 1e-5, torch.bfloat16: 0.008}[dtype] for trial in choice.trials)


def test_eight_bits_as_sageattention_rounds_them_pass_and_four_do_not() -> None:
    """Emulated: queries and keys in blocks of 64 rows with one scale each, the keys without their mean."""

    def rounded(x: Tensor, levels: int) -> Tensor:
        rows = torch.nn.functional.pad(x, (0, 0, 0, -x.shape[2] % 64)).unflatten(2, (-1, 64))
        scale = rows.abs().amax((-1, -2), keepdim=True) / levels
        return ((rows / scale).round() * scale).flatten(2, 3)[:, :, : x.shape[2]]

    def emulated(levels: int) -> Call:
        def call(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
            keys = keys - keys.mean(dim=2, keepdim=True)
            return right(rounded(queries, levels), rounded(keys, levels), values.half().float(), bias)

        return call

    limit = backend_named("sage1").error
    rows = [row(f"{bits} bits", emulated(2 ** (bits - 1) - 1), bias=False, error=limit) for bits in (8, 4)]
    wide = replace(judge(*rows, times=(3.0, 2.0, 1.0)), head=128)
    choice = wide.choose((Case("to a full window", 128, 1200, 1, memory=True), CASES[2]))
    assert choice.plain == "8 bits"
    eight = next(trial for trial in choice.trials if trial.backend == "8 bits")
    assert 0.02 < (eight.error or 0) < limit
    assert "it is off by" in refusal(choice, "4 bits")


def test_the_kinds_of_attention_are_those_of_a_chunk() -> None:
    longlive = PIPELINES["longlive"]
    kinds = {case.words: case for case in cases_of(longlive, 920)}
    window, prompt = kinds["to a full window"], kinds["to the prompt"]
    assert (window.queries, window.keys, window.calls) == (2760, 11040, 150)
    assert (prompt.queries, prompt.keys, prompt.calls) == (2760, 512, 210)
    assert kinds["of a context block"].calls == 60
    memory = inputs_of(replace(window, queries=5, keys=7), 2, 16, CPU, torch.float32, 0)[1]
    assert memory.stride(1) > 7 * 16  # heads lie further apart than what is visible of them


def test_on_the_cpu_a_stream_s_attention_is_chosen_once_and_named() -> None:
    choice = choose_attention(PIPELINE, PER_FRAME, CPU, torch.float32)
    assert choice.words() == "sdpa"
    assert choice is choose_attention(PIPELINE, PER_FRAME, CPU, torch.float32)
    assert choose_attention(PIPELINE, PER_FRAME, CPU, torch.float32, "math").words() == "math"


def test_a_stream_asks_for_the_attention_that_its_model_was_loaded_with() -> None:
    small = model()
    assert Stream(small, 32, 48).attention.words() == "sdpa"
    assert Stream(replace(small, attention="math"), 32, 48).attention.words() == "math"
    with pytest.raises(ValueError, match="'flash' was asked for, but it runs on cuda only"):
        Stream(replace(small, attention="flash"), 32, 48)


def test_what_a_device_has_not_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'cudnn' was asked for, but it runs on cuda only; choose one of auto, sdpa"):
        choose_attention(PIPELINE, PER_FRAME, CPU, torch.float32, "cudnn")
    with pytest.raises(ValueError, match=r"on meta there is sdpa only"):
        choose_attention(PIPELINE, PER_FRAME, torch.device("meta"), torch.float32, "math")
    with pytest.raises(ValueError, match=r"no attention 'fast'; choose auto, or one of"):
        choose_attention(PIPELINE, PER_FRAME, torch.device("meta"), torch.float32, "fast")
