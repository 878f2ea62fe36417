"""The attention call: one operator, whatever runs behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import TorchDispatchMode

from vace_core.transformer import kernels
from vace_core.transformer.kernels import attend, use, used

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def nothing_chosen() -> Iterator[None]:
    before = dict(kernels._chosen)
    kernels._chosen.clear()
    yield
    kernels._chosen.clear()
    kernels._chosen.update(before)


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


def test_what_was_chosen_runs_by_whether_there_is_a_bias() -> None:
    def named(value: float) -> kernels.Kernel:
        return kernels.Kernel("it", lambda queries, keys, values, bias: torch.full_like(queries, value))

    kernels._chosen[CPU] = named(1.0), named(2.0)
    assert attend(*three()).unique() == 1.0
    assert attend(*three(), BIAS).unique() == 2.0
    assert torch.equal(attend(*three(), MASK), scaled_dot_product_attention(*three(), attn_mask=MASK))


def test_a_row_of_the_table_is_used_by_name() -> None:
    assert used(CPU) == ("sdpa", "sdpa")
    use(CPU, "math", "sdpa")
    assert used(CPU) == ("math", "sdpa")
    assert attend(*three()).sub(scaled_dot_product_attention(*three())).abs().max() < 1e-6
    with pytest.raises(ValueError, match="no attention 'quick'"):
        use(CPU, "quick", "sdpa")


@pytest.mark.parametrize("name", ["sdpa", "math"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_result_lies_in_memory_as_the_projection_reads_it(name: str, device: str) -> None:
    use(CPU, name, name)
    out = attend(*three(device))
    assert out.shape == (1, 2, 6, 16)
    assert out.transpose(1, 2).is_contiguous()


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
    torch.library.opcheck(torch.ops.vace_live.attend, (*three(), None), test_utils=("test_schema", "test_faketensor"))
    torch.library.opcheck(torch.ops.vace_live.attend, (*three(), BIAS), test_utils=("test_schema", "test_faketensor"))


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
