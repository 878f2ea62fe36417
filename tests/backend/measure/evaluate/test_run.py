"""All figures, of a model that paints as the painter does."""

import json

import pytest

from backend.measure.evaluate.clips import REAL_KINDS
from backend.measure.evaluate.figures import MEANINGS, REAL, Figure, pictures_of
from backend.measure.evaluate.report import page
from backend.measure.evaluate.run import SECTIONS, evaluate, known_measures
from tests.backend.measure.evaluate.ideal import SCOPE, SIZE, IdealTrial, small_pocket
from vace_core.pocket.looks import STYLES
from vace_core.pocket.painter import CONTROLS


@pytest.fixture(scope="module")
def trial() -> IdealTrial:
    return IdealTrial(small_pocket(), SCOPE, SIZE)


@pytest.fixture(scope="module")
def figures(trial: IdealTrial) -> dict[str, Figure]:
    return {figure.name: figure for figure in evaluate(trial)}


def test_every_measure_is_made_once_and_has_a_meaning(figures: dict[str, Figure]):
    named = [name for section in SECTIONS for name in section.names]
    assert sorted(named) == sorted(MEANINGS)
    assert list(figures) == list(MEANINGS)


def test_each_is_an_object_with_control_off_and_shuffled(figures: dict[str, Figure]):
    rows = json.loads(json.dumps({name: figure.row() for name, figure in figures.items()}, allow_nan=False))
    for name, row in rows.items():
        assert {"control", "off", "shuffled", "better"} <= row.keys(), name
        assert all(isinstance(row[arm], float) for arm in ("control", "off", "shuffled")), name


IDEAL = {"ssim": 1.0, "gradient_correlation": 1.0, "colour_distance": 0.0, "sharpness": 1.0, "word_accuracy": 1.0}
THE_PAINTER_S = {"rmse": "flawless", "tile_ratio": "truth", "flicker": "truth"}


@pytest.mark.parametrize(
    ("kind", "real"), [*((kind, False) for kind in CONTROLS), *((kind, True) for kind in REAL_KINDS)]
)
def test_what_is_painted_as_it_should_be_is_right_in_everything(figures: dict[str, Figure], kind: str, real: bool):
    for name in pictures_of(kind, real):
        figure, measure = figures[name], name.removeprefix(f"{kind}_").removesuffix(REAL)
        wanted = figure.more[THE_PAINTER_S[measure]] if measure in THE_PAINTER_S else IDEAL[measure]
        assert figure.control == pytest.approx(wanted), name


@pytest.mark.parametrize("kind", ["depth", "scribble", "gray", "layout"])
def test_another_clip_s_picture_is_less_alike(figures: dict[str, Figure], kind: str):
    assert figures[f"{kind}_ssim"].shuffled < 0.9
    assert figures[f"{kind}_gradient_correlation"].shuffled < 0.6
    assert figures[f"{kind}_colour_distance"].shuffled > 3


@pytest.mark.parametrize("kind", CONTROLS)
def test_noise_is_not_what_it_should_be(figures: dict[str, Figure], kind: str):
    assert figures[f"{kind}_ssim"].off < 0.3
    assert abs(figures[f"{kind}_gradient_correlation"].off) < 0.1
    assert figures[f"{kind}_colour_distance"].off > 10


def test_every_word_is_obeyed_and_the_next_one_is_not_what_was_asked_for(figures: dict[str, Figure]):
    for name in ("depth_word_accuracy", "gray_word_accuracy_real", "modifier_accuracy"):
        assert figures[name].control == 1.0, name
        assert figures[name].shuffled == 0.0, name
    assert figures["depth_word_accuracy"].more["chance"] == pytest.approx(1 / len(STYLES))
    assert figures["modifier_accuracy"].more["palette"] == 1.0


@pytest.mark.parametrize("name", ["mask_ssim", "mask_ssim_pinned", "mask_ssim_composited", "mask_ssim_paper"])
def test_what_is_given_back_as_it_was_is_kept(figures: dict[str, Figure], name: str):
    assert figures[name].control >= 0.98
    assert figures[name].shuffled < figures[name].control - 0.2


def test_depth_given_back_is_read_better_than_that_of_another_clip(figures: dict[str, Figure]):
    figure = figures["depth_rmse"]
    assert figure.control < figure.shuffled
    assert figure.control < figure.off


def test_noise_in_the_place_of_a_show_does_not_keep_what_a_mask_keeps(figures: dict[str, Figure]):
    assert figures["mask_ssim"].off < 0.3
    assert figures["mask_ssim_composited"].off == pytest.approx(1.0)


def test_a_copy_of_the_input_gives_itself_away(figures: dict[str, Figure]):
    assert figures["mask_ssim"].row()["made_anew"] == pytest.approx(1.0, abs=0.01)


def test_each_of_two_looks_in_its_place_is_more_like_both_than_one_alone(figures: dict[str, Figure]):
    figure = figures["two_references"]
    assert figure.control > 0.6
    assert max(figure.more["one_alone"], figure.shuffled, figure.off) < 0.1


def test_a_reference_s_look_is_its_style_and_its_colours(figures: dict[str, Figure]):
    assert figures["reference_ssim"].control == pytest.approx(1.0)
    assert figures["reference_colour"].control == 0.0
    assert figures["reference_style"].control == 1.0
    assert figures["reference_likeness"].control == pytest.approx(1.0)
    assert figures["reference_style"].shuffled == figures["reference_style"].off == 0.0
    assert figures["reference_likeness"].shuffled < 0
    assert figures["reference_ssim"].shuffled < 0.9


def test_a_reference_that_never_changes_holds(figures: dict[str, Figure]):
    figure = figures["reference_held"]
    assert figure.control == pytest.approx(1.0)
    assert figure.more["chunks"] == [SCOPE.early, SCOPE.late]
    assert max(figure.off, figure.shuffled) < 0.5


def test_the_same_frames_do_not_drift_and_another_clip_is_far_from_them(figures: dict[str, Figure]):
    assert figures["drift"].control == pytest.approx(0.0, abs=1e-6)
    assert figures["drift"].shuffled > 0.05
    assert figures["drift_depth_rmse"].control < figures["drift_depth_rmse"].shuffled


def test_only_what_is_named_is_measured(trial: IdealTrial):
    assert [figure.name for figure in evaluate(trial, ("layout_ssim",))] == ["layout_ssim"]


@pytest.mark.parametrize("text", ["depth", "depth_rmse,speed", ","])
def test_an_unknown_measure_is_named_with_those_there_are(text: str):
    with pytest.raises(ValueError, match="there are depth_rmse, "):
        known_measures(text)


def test_names_are_parted_by_commas():
    assert known_measures("depth_rmse, mask_ssim") == ("depth_rmse", "mask_ssim")


def test_the_page_has_a_line_for_each(figures: dict[str, Figure], trial: IdealTrial):
    text = page(list(figures.values()), trial, "sheet.jpg")
    for name in figures:
        assert f"| `{name.removesuffix(REAL)}` | " in text
    assert "](sheet.jpg)" in text
    assert "| `depth_ssim` | higher | 1.000 | " in text
