"""LoRA files: every key style, what is refused and how it is told, and what merging does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from diffusers.models.transformers.transformer_wan_vace import WanVACETransformer3DModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.bridge.video.test_cases import CASES, needs_cases
from tests.vace_core.lora.lora_files import STYLES, changes, merged_by_hand, write
from tests.vace_core.small import ARCHITECTURE, latents, text, transformer
from vace_core.checkpoints.lazy_tensor import LazyTensor
from vace_core.checkpoints.transformer import DIFFUSERS
from vace_core.config import POCKET, WAN_1_3B, Architecture
from vace_core.errors import CheckpointError
from vace_core.lora.changes import Adapter
from vace_core.lora.files import Lora, read_lora
from vace_core.lora.live import LiveLoras
from vace_core.lora.merging import merge
from vace_core.transformer import CausalWan
from vace_core.transformer.quantised import quantise

QUERY = "blocks.0.self_attn.q"
RANKS = {"alpha_pattern": {"ffn.2": 1}, "rank_pattern": {"q": 5}}


def wide(*shape: int) -> Tensor:
    """A full-size tensor that takes a few bytes, in memory and in a .pt file."""
    return torch.zeros((), dtype=torch.bfloat16).expand(shape)


def weights(model: CausalWan) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def read(path: Path, architecture: Architecture = ARCHITECTURE) -> Lora:
    return read_lora(path, architecture)


@pytest.mark.parametrize("style", STYLES)
def test_every_key_style_gives_the_same_change(tmp_path: Path, style: str) -> None:
    """On main and context blocks, embeddings, convolutions and head, with a rank and an alpha for each."""
    made, model = changes(), transformer()
    before = weights(model)
    merge(model, read(write(tmp_path, style, made)), 0.7)
    assert {"vace_blocks.1.ffn.2", "patch_embedding", "head.head", "time_projection.1"} <= made.keys()
    for key, value in model.state_dict().items():
        module = key.removesuffix(".weight")
        change = made.get(module) if key.endswith(".weight") else None
        expected = before[key].double() if change is None else merged_by_hand(before[key], change, 0.7)
        torch.testing.assert_close(value.double(), expected, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"use_rslora": True}, RANKS])
def test_merged_weights_are_what_peft_merges(tmp_path: Path, settings: dict[str, Any]) -> None:
    """The file is written by peft and merged by peft."""
    torch.manual_seed(0)
    targets = ["q", "k", "v", "o", "ffn.0", "ffn.2", "head.head", "text_embedding.0"]
    config = peft.LoraConfig(r=3, lora_alpha=7, target_modules=targets, init_lora_weights=False, **settings)
    theirs = peft.get_peft_model(transformer(), config)  # pyright: ignore[reportArgumentType], any module will do
    theirs.save_pretrained(str(tmp_path))
    ours = transformer()
    merge(ours, read(tmp_path / "adapter_model.safetensors"))
    expected = theirs.merge_and_unload().state_dict()  # pyright: ignore[reportCallIssue]
    assert not torch.allclose(expected[f"{QUERY}.weight"], transformer().state_dict()[f"{QUERY}.weight"], atol=0.1)
    for key, value in ours.state_dict().items():
        torch.testing.assert_close(value, expected[key], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_lora_saved_by_diffusers_does_here_what_it_does_there(tmp_path: Path) -> None:
    a = ARCHITECTURE
    theirs = WanVACETransformer3DModel(
        patch_size=a.patch,
        num_attention_heads=a.heads,
        attention_head_dim=a.head_dim,
        text_dim=a.text_dim,
        freq_dim=a.frequency_dim,
        ffn_dim=a.ffn_dim,
        num_layers=a.layers,
        vace_layers=list(a.vace_layers),
        vace_in_channels=a.context_channels,
    ).eval()
    ours = transformer()
    theirs.load_state_dict(DIFFUSERS.to(ours.state_dict()), strict=True)
    torch.manual_seed(0)
    targets = ["to_q", "to_k", "to_v", "to_out.0", "net.0.proj", "net.2"]
    theirs.add_adapter(peft.LoraConfig(r=2, lora_alpha=5, target_modules=targets, init_lora_weights=False))
    theirs.save_lora_adapter(tmp_path, weight_name="saved.safetensors")
    plain = flow(ours)
    merge(ours, read(tmp_path / "saved.safetensors"))
    expected = theirs(
        hidden_states=latents(3, 1),
        timestep=torch.tensor([625.0]),
        encoder_hidden_states=text(),
        control_hidden_states=latents(3, 2, channels=96),
        control_hidden_states_scale=torch.ones(len(a.vace_layers)),
        return_dict=False,
    )[0]
    torch.testing.assert_close(flow(ours), expected, atol=1e-4, rtol=1e-4)
    assert (plain - expected).abs().max() > 0.1


def flow(model: CausalWan) -> Tensor:
    time, prompt = model.embed_time(torch.tensor([[625.0]])), model.embed_prompt(text())
    return model(latents(3, 1), time, prompt, model.embed_context(latents(3, 2, channels=96)))


def test_a_lora_of_another_size_is_told_by_name(tmp_path: Path) -> None:
    content = {}
    for layer in range(40):
        content[f"diffusion_model.blocks.{layer}.self_attn.q.lora_A.weight"] = wide(32, 5120)
        content[f"diffusion_model.blocks.{layer}.self_attn.q.lora_B.weight"] = wide(5120, 32)
    torch.save(content, tmp_path / "style.pt")
    with pytest.raises(CheckpointError) as caught:
        read(tmp_path / "style.pt", WAN_1_3B)
    message = str(caught.value)
    assert "style.pt" in message
    assert "looks like one for Wan 14B, 5120 wide, where this model is Wan 1.3B, 1536 wide" in message
    assert "20 keys are not known (first: ['blocks.30." in message
    assert message.count("lora_A.weight'") == message.count("lora_B.weight'") == 5
    assert "30 do not fit (first: ['blocks.0.self_attn.q: down (32, 5120), up (5120, 32), expected" in message


Q, DOWN, UP = f"diffusion_model.{QUERY}", torch.ones(2, 48), torch.ones(48, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({f"{Q}.lora_A.weight": DOWN}, "down only, expected down and up"),
        ({f"{Q}.alpha": torch.ones(())}, "alpha only, expected down and up"),
        ({f"{Q}.lora_A.weight": DOWN, f"{Q}.lora_B.weight": torch.ones(48, 3)}, r"up \(48, 3\), expected"),
        ({f"{Q}.lora_A.weight": DOWN, f"{Q}.lora_B.weight": UP, f"{Q}.alpha": torch.ones(2)}, r"alpha \(2,\)"),
        ({f"{Q}.lora_A.weight": DOWN, f"{Q}.lora_down.weight": DOWN, f"{Q}.lora_B.weight": UP}, "says again"),
        ({"blocks.0.norm3.lora_A.weight": DOWN, "blocks.0.norm3.lora_B.weight": UP}, "linear layers and conv"),
        ({f"{Q}.diff_b": torch.ones(47)}, r"q.bias: change \(47,\), expected \(48,\)"),
        ({f"{Q}.diff_m": torch.ones(47)}, "expected no such parameter"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, content: dict[str, Tensor], words: str) -> None:
    save_file({key: value.clone() for key, value in content.items()}, tmp_path / "odd.safetensors")
    with pytest.raises(CheckpointError, match=rf"odd.safetensors.*1 do not fit.*{words}"):
        read(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("name", ["torn.safetensors", "torn.pt", "absent.safetensors", "absent.pt"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    if name.startswith("torn"):
        (tmp_path / name).write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match=name):
        read(tmp_path / name)


class Trap:
    """What must not be run when a file is opened."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("sprung"),)


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"generator_lora": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(CheckpointError, match=r"trap\.pt"):
        read(tmp_path / "trap.pt")
    assert not Path("sprung").exists()


def test_a_checkpoint_of_another_kind_is_told(tmp_path: Path) -> None:
    torch.save(transformer().state_dict(), tmp_path / "whole.pt")
    with pytest.raises(CheckpointError, match=r"whole.pt is no LoRA.*it looks like a Wan transformer"):
        read(tmp_path / "whole.pt")


@pytest.mark.parametrize(
    "settings",
    [
        "{",
        "[1]",
        "null",
        "[" * 100_000,
        '{"lora_alpha": "much"}',
        '{"lora_alpha": true}',
        '{"lora_alpha": NaN}',
        '{"lora_alpha": 1e999}',
        '{"lora_alpha": 1' + "0" * 400 + "}",
        '{"alpha_pattern": {"q": null}}',
        '{"alpha_pattern": [1]}',
        '{"alpha_pattern": {"(q": 1}}',
        '{"alpha_pattern": {"((a+)+)+b": 1}}',
        '{"alpha_pattern": {".*.*.*.*.*x": 1}}',
        '{"alpha_pattern": {"q{99999999999}": 1}}',
        json.dumps({"alpha_pattern": {f"q{n}+": 1 for n in range(100)}}),
    ],
)
def test_settings_that_make_no_sense_are_not_passed_over(tmp_path: Path, settings: str) -> None:
    path = write(tmp_path, "PEFT", changes(modules=[QUERY]))
    (tmp_path / "adapter_config.json").write_text(settings, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"style.safetensors: its adapter settings"):
        read(path)


def test_settings_may_begin_with_a_byte_order_mark_as_some_editors_write_it(tmp_path: Path) -> None:
    path = write(tmp_path, "PEFT", changes(modules=[QUERY]))
    before = read(path).adapters[QUERY].scale
    beside = tmp_path / "adapter_config.json"
    beside.write_text(beside.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert read(path).adapters[QUERY].scale == before


def test_an_alpha_that_is_no_number_is_told(tmp_path: Path) -> None:
    down, up, _ = changes(modules=[QUERY])[QUERY]
    path = write(tmp_path, "kohya", {QUERY: (down, up, float("nan"))})
    with pytest.raises(CheckpointError, match=r"style.safetensors: \w+_q.alpha holds NaN"):
        read(path)


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 1e9, -1e9])
def test_an_alpha_that_makes_no_sense_is_told(tmp_path: Path, alpha: float) -> None:
    down, up, _ = changes(modules=[QUERY])[QUERY]
    path = write(tmp_path, "kohya", {QUERY: (down, up, alpha)})
    with pytest.raises(CheckpointError, match=r"style.safetensors: alpha / rank of 1 modules .*blocks.0.self_attn.q"):
        read(path)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("role", ["lora_down", "lora_up"])
def test_a_number_that_is_not_finite_is_refused_by_file_and_key(tmp_path: Path, odd: float, role: str) -> None:
    path = write(tmp_path, "kohya", changes(modules=[QUERY]))
    content = load_file(path)
    key = f"lora_unet_blocks_0_self_attn_q.{role}.weight"
    content[key].view(-1)[-1] = odd
    save_file(content, path)
    model = transformer()
    with pytest.raises(CheckpointError, match=rf"style.safetensors: {key} holds NaN or infinite"):
        merge(model, read(path))
    with pytest.raises(CheckpointError, match=rf"style.safetensors: {key} holds NaN or infinite"):
        LiveLoras(model, [read(path)])


@needs_cases
def test_the_lora_of_the_cases_is_refused_by_name() -> None:
    key = "diffusion_model.blocks.0.self_attn.q.lora_A.weight"
    lora, model = read(CASES / "lora_nan.safetensors", POCKET), CausalWan(POCKET)
    with pytest.raises(CheckpointError, match=rf"lora_nan.safetensors: {key} holds NaN or infinite"):
        merge(model, lora)
    with pytest.raises(CheckpointError, match=rf"lora_nan.safetensors: {key} holds NaN or infinite"):
        LiveLoras(model, [lora])


def test_a_lora_that_makes_a_weight_infinite_is_named(tmp_path: Path) -> None:
    down, up, _ = changes(modules=[QUERY])[QUERY]
    path = write(tmp_path, "kohya", {QUERY: (down * 1e4, up * 1e4, 8.0)})
    with pytest.raises(CheckpointError, match=r"style makes blocks.0.self_attn.q.weight too large for torch.float16"):
        merge(transformer().half(), read(path))


def test_numbers_that_are_whole_are_refused(tmp_path: Path) -> None:
    save_file({f"{Q}.lora_A.weight": DOWN.int(), f"{Q}.lora_B.weight": UP}, tmp_path / "odd.safetensors")
    with pytest.raises(CheckpointError, match=r"odd.safetensors.*down in torch.int32, expected floating point"):
        read(tmp_path / "odd.safetensors")


def test_a_rank_beyond_any_use_is_refused_before_a_number_is_read(tmp_path: Path) -> None:
    low = torch.zeros(()).expand
    torch.save({f"{Q}.lora_A.weight": low(2**30, 48), f"{Q}.lora_B.weight": low(48, 2**30)}, tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=r"odd.pt.*a rank of at most 256"):
        read(tmp_path / "odd.pt")


def test_a_lora_in_a_folder_with_its_settings_is_read_by_the_folder(tmp_path: Path) -> None:
    made = changes()
    path = write(tmp_path, "PEFT", made)
    assert scales(read(tmp_path)) == scales(read(path))


def scales(lora: Lora) -> dict[str, float]:
    return {name: adapter.scale for name, adapter in lora.adapters.items()}


def test_settings_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "PEFT", changes())
    plain, settings = scales(read(path)), tmp_path / "adapter_config.json"
    settings.write_bytes(b"\xef\xbb\xbf" + settings.read_bytes())
    assert scales(read(path)) == plain


def test_the_settings_of_another_lora_in_the_folder_do_not_count(tmp_path: Path) -> None:
    made = changes(modules=[QUERY])
    write(tmp_path, "PEFT", made, "other.safetensors")
    assert read(tmp_path / "other.safetensors").adapters[QUERY].scale == made[QUERY][2] / len(made[QUERY][0])
    assert read(write(tmp_path, "diffusers", made)).adapters[QUERY].scale == 1.0


def test_biases_norms_and_modulation_are_changed_as_a_whole(tmp_path: Path) -> None:
    ends = {"blocks.1.self_attn.q.bias": "diff_b", "blocks.1.norm3.weight": "diff", "blocks.1.modulation": "diff_m"}
    model = transformer()
    before = weights(model)
    content = {
        f"diffusion_model.{key.rpartition('.')[0]}.{end}": torch.randn_like(before[key]) for key, end in ends.items()
    }
    save_file(content, tmp_path / "whole.safetensors")
    lora = read(tmp_path / "whole.safetensors")
    assert lora.deltas.keys() == ends.keys()
    merge(model, lora, -2.0)
    for key, value in model.state_dict().items():
        expected = before[key] - 2 * lora.deltas[key].read() if key in ends else before[key]
        torch.testing.assert_close(value, expected)


def test_merging_rounds_once(tmp_path: Path) -> None:
    """In bfloat16: as near as the format allows, not the sum of a rounded weight and a rounded change."""
    made, model = changes(modules=[QUERY]), transformer().bfloat16()
    before = weights(model)[f"{QUERY}.weight"]
    merge(model, read(write(tmp_path, "kohya", made)), 0.3)
    exact = merged_by_hand(before, made[QUERY], 0.3)
    assert torch.equal(model.state_dict()[f"{QUERY}.weight"], exact.float().bfloat16())


def test_several_merged_loras_add_up_in_any_order(tmp_path: Path) -> None:
    loras = [read(write(tmp_path, "kohya", changes(seed), f"{seed}.safetensors")) for seed in (1, 2, 3)]
    one, other = transformer(), transformer()
    for lora in loras:
        merge(one, lora, 0.5)
    for lora in reversed(loras):
        merge(other, lora, 0.5)
    for key, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[key])


def test_a_lora_that_does_not_fit_leaves_every_weight_as_it_was() -> None:
    fits = Adapter(LazyTensor.of(DOWN), LazyTensor.of(UP), 1.0)
    wide_one = Adapter(LazyTensor.of(torch.ones(2, 5120)), LazyTensor.of(torch.ones(5120, 2)), 1.0)
    cases = {
        "blocks.1.self_attn.q": Lora("odd", {QUERY: fits, "blocks.1.self_attn.q": wide_one}, {}),
        "blocks.9.self_attn.q": Lora("odd", {QUERY: fits, "blocks.9.self_attn.q": fits}, {}),
        "head.modulation": Lora("odd", {QUERY: fits}, {"head.modulation": LazyTensor.of(torch.ones(3))}),
    }
    for words, lora in cases.items():
        model = transformer()
        before = weights(model)
        with pytest.raises(CheckpointError, match=f"LoRA odd.*{words}"):
            merge(model, lora)
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_merging_onto_quantised_weights_is_refused(tmp_path: Path) -> None:
    lora, model = read(write(tmp_path, "kohya", changes())), transformer()
    quantise(model.blocks, "int8")
    before = weights(model)
    with pytest.raises(CheckpointError, match="merge it before quantising"):
        merge(model, lora)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
