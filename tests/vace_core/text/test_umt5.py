"""The text encoder: length, padding, and where it works."""

from __future__ import annotations

import torch

from vace_core.text import TextEncoder
from vace_core.text.umt5_encoder import Umt5Encoder, Umt5Sizes


def encoder() -> Umt5Encoder:
    torch.manual_seed(0)
    return Umt5Encoder(Umt5Sizes(vocabulary=40, width=16, head=8, inner=32, heads=2, layers=2)).eval()


def tokens(prompt: str) -> list[int]:
    return [ord(letter) % 38 + 2 for letter in prompt] + [1]


def test_a_prompt_is_filled_with_zeros_and_a_longer_one_is_cut() -> None:
    text = TextEncoder(encoder(), tokens, length=6)
    short = text.encode("abc")
    assert short.shape == (1, 6, 16)
    assert (short[:, 4:] == 0).all()
    assert (short[:, :4].abs().sum(-1) > 0).all()
    assert text.encode("a much longer prompt").shape == (1, 6, 16)
    assert text.encode("").shape == (1, 6, 16)


def test_a_prompt_that_is_cut_still_ends_with_the_closing_token() -> None:
    text = TextEncoder(encoder(), tokens, length=6)
    kept = torch.tensor([[*tokens("a much longer prompt")[:5], 1]])
    torch.testing.assert_close(text.encode("a much longer prompt"), text(kept), atol=1e-5, rtol=1e-5)


def test_padding_does_not_change_what_a_prompt_means() -> None:
    text = TextEncoder(encoder(), tokens, length=8)
    ids = torch.tensor([[*tokens("abc"), 0, 0]])
    mask = (ids > 0).long()
    torch.testing.assert_close(text(ids, mask), text.encode("abc"), atol=1e-5, rtol=1e-5)


def test_embeddings_are_given_where_they_are_wanted() -> None:
    """The device that has no memory stands for one that is not the encoder's."""
    wanted = torch.device("meta")
    text = TextEncoder(encoder(), tokens, 6, wanted)
    assert text.encode("abc").device == wanted
    assert {parameter.device.type for parameter in text.parameters()} == {"cpu"}


def test_offloaded_weights_visit_the_device_one_layer_at_a_time_and_stay_at_home() -> None:
    plain, wanted = encoder(), torch.device("meta")
    before = {key: value.data_ptr() for key, value in plain.state_dict().items()}
    seen: list[tuple[str, set[str]]] = []

    def look(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        elsewhere = {name for name, parameter in plain.named_parameters() if parameter.device == wanted}
        seen.append((inputs[0].device.type, {name.split(".layer.layer.")[0] for name in elsewhere}))

    for block in plain.encoder.block:
        block.register_forward_pre_hook(look)
    text = TextEncoder(plain, tokens, 6, wanted, offload=True)
    assert text.encode("abc").device == wanted
    assert seen == [("meta", {"encoder.block.0"}), ("meta", {"encoder.block.1"})]
    after = {key.replace(".layer.layer.", ".layer."): value for key, value in plain.state_dict().items()}
    after = {key.replace("final_layer_norm.layer.", "final_layer_norm."): value for key, value in after.items()}
    assert {key: value.data_ptr() for key, value in after.items()} == before


def test_an_offloaded_encoder_says_the_same() -> None:
    plain = TextEncoder(encoder(), tokens, 6).encode("abc")
    offloaded = TextEncoder(encoder(), tokens, 6, torch.device("cpu"), offload=True).encode("abc")
    assert torch.equal(offloaded, plain)
