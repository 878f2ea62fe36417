"""Every style and form of a LoRA that was tried: small files of each, and the changed weights by hand.

`docs/reference/files.md` has these rows as a table; `test_style_cases.py` tries each, merged and live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.vace_core.small import transformer

Content = dict[str, Tensor]
By = Callable[[Tensor], Tensor]
MERGED_ONLY = "merged: refused as `--lora`, which says to use `--merge-lora`"
LEFT_OUT = "played and merged; left out, and said, are {}"


@dataclass(frozen=True)
class Style:
    """content: of the file. changed: weights by key, each made by hand from what it was, in float64.

    live: whether it may be played. told: regular expressions for what the log says, or for why it is refused.
    """

    name: str
    content: Content
    changed: Mapping[str, By]
    happens: str = "played and merged"
    live: bool = True
    told: str = ""
    refused: bool = False


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


Q, Q_NORM, FFN, OUT = "blocks.0.self_attn.q", "blocks.1.self_attn.norm_q", "blocks.2.ffn.0", "blocks.1.cross_attn.o"
DOWN, UP, ALPHA = random(3, 48), random(48, 3, seed=1), torch.tensor(6.0)
PRODUCT = 2.0 * UP.double() @ DOWN.double()
"""What the file says of its layer, with alpha; without it, half of that."""


def low(spelled: str, down: str = "lora_down.weight", up: str = "lora_up.weight", alpha: bool = True) -> Content:
    content = {f"{spelled}{name if name[0] == '_' else f'.{name}'}": part for name, part in ((down, DOWN), (up, UP))}
    return content | ({f"{spelled}.alpha": ALPHA} if alpha else {})


def plus(change: Tensor) -> By:
    return lambda weight: weight + change.view_as(weight)


def style(name: str, content: Content, alpha: bool = True, module: str = Q) -> Style:
    """One of spelling alone."""
    return Style(name, content, {f"{module}.weight": plus(PRODUCT if alpha else PRODUCT / 2)})


DORA_ROWS, DORA_COLUMNS = random(48, 1, seed=2).abs() + 0.5, random(1, 48, seed=3).abs() + 0.5


def decomposed(change: Tensor, magnitude: Tensor, over: int) -> By:
    def changed(weight: Tensor) -> Tensor:
        moved = weight + change
        return magnitude.double() * moved / moved.norm(dim=over, keepdim=True)

    return changed


W1A, W1B, W2A, W2B = random(64, 2), random(2, 48, seed=4), random(64, 3, seed=5), random(3, 48, seed=6)
LOHA = (W1A.double() @ W1B.double()) * (W2A.double() @ W2B.double())
LEFT, RIGHT_A, RIGHT_B = random(8, 6, seed=7), random(6, 2, seed=8), random(2, 8, seed=9)
LOKR = torch.kron(LEFT.double(), RIGHT_A.double() @ RIGHT_B.double())
WHOLE_LEFT, WHOLE_RIGHT = random(4, 4, seed=10), random(12, 12, seed=11)
WIDE = {f"hada_w{n}_{part}": random(*shape, seed=20 + n) for n in (1, 2) for part, shape in (
    ("a", (64, 20)), ("b", (20, 48))
)}  # fmt: skip
Q_PLUS = {f"{Q}.weight": plus(PRODUCT)}
PEFT_Q = {f"base_model.model.{Q}.lora_A.weight": DOWN, f"base_model.model.{Q}.lora_B.weight": UP}
HALF = {f"{Q}.weight": plus(PRODUCT / 2)}


def comfy(**named: Tensor) -> Content:
    """A LoRA of ComfyUI's style, and other keys of it."""
    return low(f"diffusion_model.{Q}") | {key.replace("__", "."): value for key, value in named.items()}


def under(module: str, **parts: Tensor) -> Content:
    return {f"lycoris_{module.replace('.', '_')}.{name}": value for name, value in parts.items()}


SPELLINGS = (
    style("kohya: `lora_unet_..._q.lora_down.weight`", low("lora_unet_blocks_0_self_attn_q")),
    style("ComfyUI: `diffusion_model....lora_down.weight`", low(f"diffusion_model.{Q}")),
    style("PEFT: `base_model.model....lora_A.weight`", PEFT_Q, alpha=False),
    style("PEFT, the adapter named", low(f"base_model.model.{Q}", "lora_A.default.weight", "lora_B.default.weight")),
    style("diffusers: `transformer....attn1.to_q.lora_A.weight`", low(
        "transformer.blocks.0.attn1.to_q", "lora_A.weight", "lora_B.weight", False
    ), alpha=False),
    style("diffusers: `unet....lora.down.weight`", low(
        "unet.blocks.0.attn1.to_q", "lora.down.weight", "lora.up.weight"
    )),
    style("diffusers, old: `....processor.to_q_lora.up.weight`", low(
        "transformer.blocks.0.attn1.processor.to_q", "_lora.down.weight", "_lora.up.weight", False
    ), alpha=False),
    style("diffusers, old: `....processor.to_out_lora.up.weight`", low(
        "transformer.blocks.1.attn2.processor.to_out", "_lora.down.weight", "_lora.up.weight", False
    ), alpha=False, module=OUT),
    style("diffusers: `....lora_linear_layer.up.weight`", low(
        "transformer.blocks.0.attn1.to_q", "lora_linear_layer.down.weight", "lora_linear_layer.up.weight", False
    ), alpha=False),
    style("`.lora_A` without `.weight`", low(f"diffusion_model.{Q}", "lora_A", "lora_B")),
    style("`diffusion_model._orig_mod.` (compiled)", low(f"diffusion_model._orig_mod.{Q}")),
    style("kohya with `_orig_mod_`", low("lora_unet__orig_mod_blocks_0_self_attn_q")),
    style("`blocks.0._fsdp_wrapped_module.` and `._checkpoint_wrapped_module.`", low(
        "model.blocks.0._fsdp_wrapped_module._checkpoint_wrapped_module.self_attn.q"
    )),
)  # fmt: skip

WHOLE = (
    Style("norms: `.w_norm`, `.b_norm` (LyCORIS)", {
        "lora_unet_blocks_1_self_attn_norm_q.w_norm": random(48), "lora_unet_blocks_1_norm3.b_norm": random(48, seed=1),
    }, {f"{Q_NORM}.weight": plus(random(48)), "blocks.1.norm3.bias": plus(random(48, seed=1))}),
    Style("`.diff`, `.diff_b` (lightx2v)", {
        f"diffusion_model.{Q_NORM}.diff": random(48), f"diffusion_model.{Q}.diff_b": random(48, seed=1),
    }, {f"{Q_NORM}.weight": plus(random(48)), f"{Q}.bias": plus(random(48, seed=1))}),
    Style("`.modulation.diff`", comfy(diffusion_model__blocks__1__modulation__diff=random(1, 6, 48)), Q_PLUS | {
        "blocks.1.modulation": plus(random(1, 6, 48)),
    }),
    Style("`.lora_B.bias` (PEFT)", PEFT_Q | {f"base_model.model.{Q}.lora_B.bias": random(48)}, HALF | {
        f"{Q}.bias": plus(random(48)),
    }),
)  # fmt: skip

FORMS = (
    Style("LoHa: `.hada_w1_a` ...", under(
        FFN, hada_w1_a=W1A, hada_w1_b=W1B, hada_w2_a=W2A, hada_w2_b=W2B, alpha=torch.tensor(1.0)
    ), {f"{FFN}.weight": plus(LOHA / 2)}, "played as one product of rank r x r, and merged"),
    Style("LoHa of r x r above 256", under(FFN, **WIDE), {f"{FFN}.weight": plus(
        (WIDE["hada_w1_a"].double() @ WIDE["hada_w1_b"].double())
        * (WIDE["hada_w2_a"].double() @ WIDE["hada_w2_b"].double())
    )}, MERGED_ONLY, False, "LoHa of a rank that is 400"),
    Style("LoKr: `.lokr_w1`, `.lokr_w2_a` ...", under(
        Q, lokr_w1=LEFT, lokr_w2_a=RIGHT_A, lokr_w2_b=RIGHT_B, alpha=ALPHA
    ), {f"{Q}.weight": plus(3 * LOKR)}),
    Style("LoKr, both factors whole", under(Q, lokr_w1=WHOLE_LEFT, lokr_w2=WHOLE_RIGHT, alpha=ALPHA), {
        f"{Q}.weight": plus(torch.kron(WHOLE_LEFT.double(), WHOLE_RIGHT.double())),
    }, "played and merged; alpha says nothing there"),
    Style("LoKr with a large right factor", under(Q, lokr_w1=random(1, 1), lokr_w2=random(48, 48)), {
        f"{Q}.weight": plus(random(1, 1).double() * random(48, 48).double()),
    }, MERGED_ONLY, False, "LoKr whose right factor is 48 x 48"),
    Style("DoRA by rows: `.dora_scale` of a LoRA", low(f"diffusion_model.{Q}") | {
        f"diffusion_model.{Q}.dora_scale": DORA_ROWS,
    }, {f"{Q}.weight": decomposed(PRODUCT, DORA_ROWS, 1)}),
    Style("DoRA: `.lora_magnitude_vector` (PEFT)", PEFT_Q | {
        f"base_model.model.{Q}.lora_magnitude_vector": DORA_ROWS.flatten(),
    }, {f"{Q}.weight": decomposed(PRODUCT / 2, DORA_ROWS, 1)}),
    Style("DoRA by columns", low("lora_unet_blocks_0_self_attn_q") | {
        "lora_unet_blocks_0_self_attn_q.dora_scale": DORA_COLUMNS,
    }, {f"{Q}.weight": decomposed(PRODUCT, DORA_COLUMNS, 0)}, MERGED_ONLY, False, "DoRA by columns"),
    Style("DoRA of a LoHa, by rows", under(
        FFN, hada_w1_a=W1A, hada_w1_b=W1B, hada_w2_a=W2A, hada_w2_b=W2B, dora_scale=random(64, 1).abs()
    ), {f"{FFN}.weight": decomposed(LOHA, random(64, 1).abs(), 1)}),
    Style("DoRA of a LoKr", under(
        Q, lokr_w1=WHOLE_LEFT, lokr_w2=WHOLE_RIGHT, dora_scale=DORA_ROWS
    ), {f"{Q}.weight": decomposed(torch.kron(WHOLE_LEFT.double(), WHOLE_RIGHT.double()), DORA_ROWS, 1)},
        MERGED_ONLY, False, "DoRA of a LoKr"),
)  # fmt: skip

CROSS = "diffusion_model__blocks__0__cross_attn"
LEFTOVERS = (
    Style("image-to-video keys: `k_img`, `v_img`, `norm_k_img`, `img_emb`", comfy(**{
        f"{CROSS}__k_img__lora_down__weight": DOWN, f"{CROSS}__v_img__diff_b": random(48),
        f"{CROSS}__norm_k_img__diff": random(48), "diffusion_model__img_emb__proj__1__lora_up__weight": UP,
    }), Q_PLUS, LEFT_OUT.format("these"), told="4 of 7 keys are left out .*k_img.*image-to-video model.*rest is used"),
    Style("image-to-video keys: `add_k_proj`, `add_v_proj`", low("transformer.blocks.0.attn1.to_q") | {
        f"transformer.blocks.0.attn2.{name}.lora_A.weight": DOWN for name in ("add_k_proj", "add_v_proj")
    }, Q_PLUS, LEFT_OUT.format("these"), told="2 of 5 keys are left out .*add_k_proj.*image-to-video"),
    Style("an image-to-video patch embedding of 36 channels", comfy(
        diffusion_model__patch_embedding__lora_down__weight=random(3, 36, 1, 2, 2),
        diffusion_model__patch_embedding__lora_up__weight=random(48, 3, 1, 1, 1),
    ), Q_PLUS, LEFT_OUT.format("its keys"), told="2 of 5 keys are left out .*patch_embedding.*image-to-video"),
    Style("stray `lora_te_...`", comfy(lora_te_text_model_encoder_layers_0_mlp_fc1__lora_down__weight=DOWN), Q_PLUS,
          LEFT_OUT.format("these"), told="1 of 4 keys are left out .*lora_te_.*changes the text encoder"),
    Style("a few keys of no known kind", comfy(diffusion_model__extra__layer__lora_down__weight=DOWN), Q_PLUS,
          LEFT_OUT.format("these"), told="1 of 4 keys are left out .*extra.layer"),
)  # fmt: skip

REFUSED = (
    Style("of another size (14B for 1.3B)", {
        f"blocks.0.self_attn.{name}": torch.zeros(shape) for name, shape in (
            ("q.lora_A.weight", (2, 5120)), ("q.lora_B.weight", (5120, 2))
        )
    }, {}, "refused; both sizes are named", False, "like one for Wan 14B, 5120 wide, where this model is", True),
    Style("of more blocks than the model has", comfy(blocks__30__self_attn__q__diff_b=random(48)), {},
          "refused", False, "1 keys are not known .*blocks.30", True),
    Style("OFT: `.oft_blocks`", comfy(**{f"{CROSS}__k__oft_blocks": random(4, 4)}), {}, "refused", False,
          "it is an OFT or of another form that is not read", True),
    Style("Tucker's form: `.hada_t1`", under(FFN, hada_t1=random(2, 2), hada_w1_a=W1A), {}, "refused", False,
          "hada_t1: a change in Tucker's form", True),
    Style("mostly keys of no known kind", {
        f"double_blocks.{n}.img_attn.qkv.lora_A.weight": DOWN for n in range(9)
    } | low(Q), {}, "refused; the known styles are named", False, "9 keys are not known .*the key styles", True),
)  # fmt: skip

STYLES = (*SPELLINGS, *WHOLE, *FORMS, *LEFTOVERS, *REFUSED)


def by_hand(changed: Mapping[str, By], strength: float) -> Content:
    """The small transformer's weights, those that are changed so far on their way as the strength says."""
    weights = {key: value.double() for key, value in transformer().state_dict().items()}
    return weights | {key: weights[key] + strength * (by(weights[key]) - weights[key]) for key, by in changed.items()}
