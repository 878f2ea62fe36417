import pytest
import torch

from tests.vace_core.small import SmallText, model, step
from vace_core.controls import Controls
from vace_core.stream import Stream
from vace_core.text import Embeddings, Travel
from vace_core.text.blend import REMEMBERED, slerp


def test_a_blend_is_the_weighted_sum_and_each_prompt_is_encoded_once():
    text = SmallText()
    embed = Embeddings(text.encode)
    mixed = embed((("gold", 0.25), ("ice", 0.75)))
    expected = 0.25 * text.encode("gold") + 0.75 * text.encode("ice")
    torch.testing.assert_close(mixed, expected)
    before = text.calls
    embed((("ice", 0.5), ("gold", 0.5)))
    assert embed((("ice", 1.0),)) is embed((("ice", 1.0),))
    assert text.calls == before


def test_embeddings_do_not_pile_up():
    text = SmallText()
    embed = Embeddings(text.encode)
    for number in range(3 * REMEMBERED):
        embed(((f"prompt {number}", 1.0),))
    before = text.calls
    embed((("prompt 0", 1.0),))
    assert text.calls == before + 1


def weights(travel: Travel, prompt: str, fade: float, chunks: int) -> list[dict[str, float]]:
    return [dict(travel.toward(prompt, fade, 0.5)) for _ in range(chunks)]


def test_the_first_prompt_and_a_cut_are_there_at_once():
    travel = Travel()
    assert travel.toward("gold", 4.0, 0.5) == (("gold", 1.0),)
    assert travel.toward("ice", 0.0, 0.5) == (("ice", 1.0),)


def test_a_fade_moves_evenly_and_arrives_exactly():
    travel = Travel()
    travel.toward("gold", 2.0, 0.5)
    way = weights(travel, "ice", 2.0, 5)
    assert [part.get("ice", 0.0) for part in way] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert [sum(part.values()) for part in way] == pytest.approx([1.0] * 5)
    assert way[3] == {"ice": 1.0}


def test_a_prompt_that_changes_on_the_way_sets_out_from_where_it_is():
    travel = Travel()
    travel.toward("gold", 2.0, 0.5)
    weights(travel, "ice", 2.0, 2)
    turned = weights(travel, "lava", 2.0, 4)
    assert turned[0] == pytest.approx({"gold": 0.375, "ice": 0.375, "lava": 0.25})
    assert turned[3] == {"lava": 1.0}
    back = weights(travel, "gold", 1.0, 1)[0]
    assert back == pytest.approx({"lava": 0.5, "gold": 0.5})
    again = weights(travel, "lava", 1.0, 1)[0]
    assert again["lava"] == pytest.approx(0.75)


def test_weights_of_the_same_prompts_act_at_once_and_other_prompts_are_faded_to():
    travel = Travel()
    travel.toward((("gold", 1.0), ("ice", 0.0)), 2.0, 0.5)
    assert travel.toward((("gold", 0.5), ("ice", 0.5)), 2.0, 0.5) == (("gold", 0.5), ("ice", 0.5))
    assert travel.toward((("gold", 0.0), ("ice", 1.0)), 2.0, 0.5) == (("ice", 1.0),)
    way = [dict(travel.toward((("ice", 0.5), ("lava", 0.5)), 1.0, 0.5)) for _ in range(2)]
    assert way == [{"ice": 0.75, "lava": 0.25}, {"ice": 0.5, "lava": 0.5}]


def test_weights_that_change_on_the_way_move_its_end():
    travel = Travel()
    travel.toward("gold", 2.0, 0.5)
    assert dict(travel.toward((("ice", 0.5), ("lava", 0.5)), 1.0, 0.5)) == {"gold": 0.5, "ice": 0.25, "lava": 0.25}
    assert dict(travel.toward((("ice", 0.0), ("lava", 1.0)), 1.0, 0.5)) == {"lava": 1.0}


def test_a_fade_changes_the_picture_step_by_step_and_keeps_the_memory():
    cut, faded = Stream(model(), 32, 48), Stream(model(), 32, 48)
    for stream in (cut, faded):
        step(stream, Controls("gold"))
    half = step(faded.fork(), Controls((("gold", 0.5), ("ice", 0.5)))).frames
    gold = step(faded.fork(), Controls("gold")).frames
    ice = step(cut, Controls("ice")).frames
    whole = step(faded, Controls((("ice", 1.0),))).frames
    torch.testing.assert_close(whole, ice, atol=0, rtol=0)
    assert (half - gold).abs().max() > 1e-4
    assert (half - ice).abs().max() > 1e-4


def test_an_arc_begins_and_ends_exactly_and_keeps_its_length():
    a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    torch.testing.assert_close(slerp(a, b, 0.0), a)
    torch.testing.assert_close(slerp(a, b, 1.0), b)
    torch.testing.assert_close(slerp(a, b, 0.5), torch.tensor([[4.5**0.5, 4.5**0.5]]))
    torch.testing.assert_close(slerp(a, 2 * b, 0.5).norm(), torch.tensor(4.5))


@pytest.mark.parametrize("b", [[0.0, 0.0], [6.0, 0.0], [-3.0, 0.0]])
def test_rows_without_an_arc_are_mixed_linearly(b: list[float]):
    a, end = torch.tensor([[3.0, 0.0]]), torch.tensor([b])
    torch.testing.assert_close(slerp(a, end, 0.25), torch.lerp(a, end, 0.25))


def test_a_blend_along_the_arc_has_no_dip_in_the_middle():
    vectors = {"gold": torch.tensor([[[1.0, 0.0]]]), "ice": torch.tensor([[[0.0, 1.0]]])}
    embed = Embeddings(vectors.__getitem__)
    half = (("gold", 0.5), ("ice", 0.5))
    assert embed(half).norm() == pytest.approx(0.5**0.5)
    assert embed(half, "slerp").norm() == pytest.approx(1.0)
    assert embed((("ice", 1.0),), "slerp") is vectors["ice"]
