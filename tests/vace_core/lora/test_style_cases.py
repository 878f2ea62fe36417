"""Every style of `style_cases` does what its row in the docs says: against sums made by hand, merged and live."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.vace_core.lora.style_cases import STYLES, Style, by_hand
from tests.vace_core.lora.test_live import error, flow, live
from tests.vace_core.small import ARCHITECTURE, transformer
from vace_core.errors import CheckpointError
from vace_core.lora.files import Lora, read_lora
from vace_core.lora.merging import merge

USED = [style for style in STYLES if not style.refused]


def written(folder: Path, style: Style) -> Path:
    save_file({key: value.clone().contiguous() for key, value in style.content.items()}, folder / "style.safetensors")
    return folder / "style.safetensors"


def read(folder: Path, style: Style) -> Lora:
    return read_lora(written(folder, style), ARCHITECTURE)


@pytest.mark.parametrize("strength", [1.0, 0.7])
@pytest.mark.parametrize("style", USED, ids=[style.name for style in USED])
def test_a_style_is_merged_as_the_sum_by_hand(
    tmp_path: Path, style: Style, strength: float, caplog: pytest.LogCaptureFixture
) -> None:
    model, expected = transformer(), by_hand(style.changed, strength)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with caplog.at_level(logging.WARNING):
        merge(model, read(tmp_path, style), strength)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value.double(), expected[key], atol=1e-5, rtol=1e-5)
        assert (key in style.changed) == (not torch.equal(value, before[key]))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == ("left out" in style.happens)
    if said:
        assert re.search(style.told, said[0]), said[0]


@pytest.mark.parametrize("style", USED, ids=[style.name for style in USED])
def test_a_style_is_played_as_it_is_merged_or_says_to_merge_it(tmp_path: Path, style: Style) -> None:
    lora, merged = read(tmp_path, style), transformer()
    assert style.happens.startswith("played") == style.live
    if not style.live:
        with pytest.raises(CheckpointError, match=rf"LoRA style cannot be played: .*{style.told}.*--merge-lora FILE"):
            live(transformer(), [lora], 1.0)
        return
    merge(merged, lora, 0.6)
    assert error(flow(live(transformer(), [lora], 0.6)), flow(merged)) < 1e-5
    assert error(flow(merged), flow(transformer())) > 1e-4


REFUSED = [style for style in STYLES if style.refused]


@pytest.mark.parametrize("style", REFUSED, ids=[style.name for style in REFUSED])
def test_a_style_that_is_refused_says_which_file_keys_and_why(tmp_path: Path, style: Style) -> None:
    assert style.happens.startswith("refused")
    with pytest.raises(CheckpointError, match=rf"style.safetensors is no LoRA for this model.*{style.told}"):
        read(tmp_path, style)


def test_all_that_can_be_played_are_played_together(tmp_path: Path) -> None:
    """Each goes its part of the way from the model's own weights, whatever the others do."""
    loras, exact = [], transformer()
    plain = {key: value.double() for key, value in exact.state_dict().items()}
    total = dict(plain)
    for n, style in enumerate(one for one in USED if one.live):
        (tmp_path / f"{n}").mkdir()
        loras.append(read(tmp_path / f"{n}", style))
        for key, value in by_hand(style.changed, 0.3).items():
            total[key] = total[key] + value - plain[key]
    exact.load_state_dict({key: value.float() for key, value in total.items()})
    assert error(flow(live(transformer(), loras, *[0.3] * len(loras))), flow(exact)) < 1e-4
