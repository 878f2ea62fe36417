"""The context scale over layers and steps, and hints that serve for more steps than one."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from tests.vace_core.small import model, step
from vace_core.conditioning import ContextScale
from vace_core.controls import Controls
from vace_core.stream import Stream


def frames(controls: Controls) -> Tensor:
    control = torch.linspace(-1, 1, 9)[None, None, :, None, None].expand(1, 3, 9, 32, 48)
    return step(Stream(model(), 32, 48), replace(controls, control=control)).frames


def test_factors_go_evenly_from_the_first_layer_and_step_to_the_last() -> None:
    scale = ContextScale(2.0, layers=(1.0, 0.5), steps=(1.0, 0.0))
    assert scale.at(0, 3, 3) == (2.0, 1.5, 1.0)
    assert scale.at(1, 3, 3) == (1.0, 0.75, 0.5)
    assert scale.at(2, 3, 3) == (0.0, 0.0, 0.0)
    assert ContextScale().at(0, 1, 1) == (1.0,)


def test_a_scale_of_zero_in_every_step_equals_no_control() -> None:
    off = frames(Controls("gold", step_scale=(0.0, 0.0)))
    torch.testing.assert_close(off, step(Stream(model(), 32, 48), Controls("gold")).frames, atol=0, rtol=0)


def test_layers_and_steps_each_change_the_picture_and_neutral_ones_do_not() -> None:
    usual = frames(Controls("gold"))
    torch.testing.assert_close(frames(Controls("gold", layer_scale=(1, 1), step_scale=(1, 1))), usual, atol=0, rtol=0)
    for other in (Controls("gold", layer_scale=(1, 0)), Controls("gold", step_scale=(1, 0))):
        assert not torch.allclose(frames(other), usual, atol=1e-6)


def test_hints_of_every_step_are_the_usual_ones_and_reused_ones_differ() -> None:
    usual = frames(Controls("gold"))
    assert not torch.allclose(frames(Controls("gold", hint_every=2)), usual, atol=1e-6)


def test_reused_hints_are_made_once_in_so_many_steps() -> None:
    weights, made = model(), []
    hints = weights.transformer.hints

    def counting(*given):
        made.append(1)
        return hints(*given)

    weights.transformer.hints = counting  # type: ignore[method-assign]
    for every, expected in ((1, 4), (2, 2), (3, 2), (4, 1)):
        made.clear()
        step(Stream(weights, 32, 48), Controls("gold", control=torch.zeros(1, 3, 9, 32, 48), hint_every=every))
        assert len(made) == expected
