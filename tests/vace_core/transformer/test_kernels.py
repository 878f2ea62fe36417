"""The attention call: one operator, whatever runs behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import TorchDispatchMode

from tests.vace_core import small
from vace_core.conditioning import Reference
from vace_core.controls import Controls
from vace_core.lora.live import LiveLoras
from vace_core.stream import Stream
from vace_core.transformer import attention_backends
from vace_core.transformer.attention_backends import AttentionBackend, Call, backend_named
from vace_core.transformer.kernels import Kernels, attend


def heads(tokens: int, seed: int, device: str = "cpu") -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((1, tokens, 2, 16), generator=generator).to(device).transpose(1, 2)


def three(device: str = "cpu") -> tuple[Tensor, Tensor, Tensor]:
    return heads(6, 0, device), heads(10, 1, device), heads(10, 2, device)


BIAS = torch.linspace(-2, 0, 10)[None, None, None]
MASK = torch.ones(6, 10).tril(3).bool()


@pytest.mark.parametrize("bias", [None, BIAS, MASK])
def test_what_pytorch_would_choose_runs_where_nothing_was_chosen(bias: Tensor | None) -> None:
    assert torch.equal(attend(*three(), bias), scaled_dot_product_attention(*three(), attn_mask=bias))


def test_what_was_chosen_runs_by_whether_there_is_a_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(name: str, value: float) -> AttentionBackend:
        call: Call = lambda queries, keys, values, bias: torch.full_like(queries, value)  # noqa: E731
        return replace(backend_named("sdpa"), name=name, load=lambda: call)

    monkeypatch.setattr(attention_backends, "TABLE", (row("ones", 1.0), row("twos", 2.0), *attention_backends.TABLE))
    chosen = Kernels("ones", "twos")
    assert attend(*three(), kernels=chosen).unique() == 1.0
    assert attend(*three(), BIAS, chosen).unique() == 2.0
    assert torch.equal(attend(*three(), MASK, chosen), scaled_dot_product_attention(*three(), attn_mask=MASK))


def test_a_row_of_the_table_is_used_by_name() -> None:
    made = attend(*three(), kernels=Kernels("math"))
    assert made.sub(scaled_dot_product_attention(*three())).abs().max() < 1e-6
    with pytest.raises(ValueError, match="no attention 'quick'"):
        attend(*three(), kernels=Kernels("quick"))


class KernelsRun(TorchDispatchMode):
    """Counts the attention calls by kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.vace_live.attend.default:
            self.names[args[4]] += 1
        return func(*args, **(kwargs or {}))


def test_two_models_on_one_device_run_on_kernels_of_their_own() -> None:
    """In turns, with references and live LoRAs, in main blocks and context blocks: no matter which was opened last."""
    loaded = small.model()
    with_lora = replace(loaded, loras=LiveLoras(loaded.transformer, [small.lora()], [0.5]))
    streams = [Stream(replace(with_lora, attention=name), 32, 48) for name in ("math", "sdpa", "math")]
    picture = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0))
    for mode in ("paper", "slot"):
        for stream in streams:
            control = torch.zeros(1, 3, stream.frames_wanted, 32, 48)
            given = Controls(control=control, references=(Reference(picture, 0.5),), reference_mode=mode)
            with KernelsRun() as ran:
                stream.step(given)
                stream.settle()
            assert {*ran.names} == {stream.attention.plain}, mode


@pytest.mark.parametrize("name", ["sdpa", "math"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_result_lies_in_memory_as_the_projection_reads_it(name: str, device: str) -> None:
    out = attend(*three(device), kernels=Kernels(name, name))
    assert out.shape == (1, 2, 6, 16)
    assert out.transpose(1, 2).is_contiguous()


def test_the_rows_of_a_stream_batch_run_on_the_kernels_of_their_model() -> None:
    batch = small.model(small.ROWS["streamdiffusion-v2"], stream_batch=True, window=6)
    stream = Stream(replace(batch, attention="math"), 32, 48)
    for _ in range(8):  # until all rows remember equally much, so that none needs a mask
        with KernelsRun() as ran:
            stream.step(Controls(control=torch.zeros(1, 3, stream.frames_wanted, 32, 48)))
    assert {*ran.names} == {"math"}


def test_it_is_one_operator_to_what_counts() -> None:
    class Count(TorchDispatchMode):
        names: list[str]

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.names.append(str(func))
            return func(*args, **(kwargs or {}))

    for device in ("cpu", "meta"):
        given = three(device)
        with torch.no_grad(), Count() as count:
            count.names = []
            attend(*given)
        assert count.names == ["vace_live.attend.default"]


def test_the_operator_keeps_the_rules_of_operators() -> None:
    for bias, kernel in ((None, "sdpa"), (BIAS, "math")):
        given = (*three(), bias, kernel)
        torch.library.opcheck(torch.ops.vace_live.attend, given, test_utils=("test_schema", "test_faketensor"))


def test_it_compiles_as_a_part_of_what_is_around_it() -> None:
    def around(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return attend(queries * 2, keys, values) + 1

    with torch.no_grad():
        compiled = torch.compile(around, fullgraph=True, backend="aot_eager")
        assert torch.equal(compiled(*three()), around(*three()))


def test_gradients_pass_where_they_are_wanted() -> None:
    queries, keys, values = three()
    keys.requires_grad_()
    attend(queries, keys, values).sum().backward()
    assert keys.grad is not None
    assert keys.grad.abs().max() > 0
