"""All figures, of a model that gives back what it is shown."""

import json

import pytest

from backend.measure.evaluate.figures import MEANINGS, Figure
from backend.measure.evaluate.report import page
from backend.measure.evaluate.run import SECTIONS, evaluate, known_measures
from tests.backend.measure.evaluate.echo import SCOPE, SIZE, EchoTrial
from vace_core.load import load


@pytest.fixture(scope="module")
def trial() -> EchoTrial:
    return EchoTrial(load("pocket"), SCOPE, SIZE)


@pytest.fixture(scope="module")
def figures(trial: EchoTrial) -> dict[str, Figure]:
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


@pytest.mark.parametrize(
    ("name", "ideal"),
    [
        ("gray_correlation", 1.0),
        ("scribble_f1", 0.9),
        ("mask_ssim", 1.0),
        ("mask_ssim_pinned", 1.0),
        ("mask_ssim_composited", 1.0),
        ("mask_ssim_paper", 1.0),
    ],
)
def test_what_is_given_back_as_it_was_is_followed(figures: dict[str, Figure], name: str, ideal: float):
    figure = figures[name]
    assert figure.control >= ideal - 0.02
    assert figure.shuffled < figure.control - 0.2


def test_depth_given_back_is_read_better_than_that_of_another_clip(figures: dict[str, Figure]):
    figure = figures["depth_rmse"]
    assert figure.control < figure.shuffled
    assert figure.control < figure.off


def test_noise_in_the_place_of_a_show_does_not_keep_what_a_mask_keeps(figures: dict[str, Figure]):
    assert figures["mask_ssim"].off < 0.3
    assert figures["mask_ssim_composited"].off == pytest.approx(1.0)


def test_a_copy_of_the_input_gives_itself_away(figures: dict[str, Figure]):
    assert figures["mask_ssim"].row()["made_anew"] == pytest.approx(1.0, abs=0.01)


def test_half_of_each_reference_is_more_like_both_than_one_alone(figures: dict[str, Figure]):
    figure = figures["two_references"]
    assert figure.control > figure.more["one_alone"] + 0.1
    assert figure.control > figure.shuffled + 0.1


def test_a_reference_that_never_changes_holds(figures: dict[str, Figure]):
    figure = figures["reference_held"]
    assert figure.control == pytest.approx(1.0)
    assert figure.more["chunks"] == [SCOPE.early, SCOPE.late]
    assert figure.off < 0.5
    assert figures["reference_colour"].control == pytest.approx(0.0, abs=0.01)
    assert figures["reference_likeness"].control == pytest.approx(1.0, abs=0.01)
    assert figures["reference_likeness"].shuffled < 0.5


def test_the_same_frames_do_not_drift_and_another_clip_is_far_from_them(figures: dict[str, Figure]):
    assert figures["drift"].control == pytest.approx(0.0, abs=1e-6)
    assert figures["drift"].shuffled > 0.05
    assert figures["drift_depth_rmse"].control < figures["drift_depth_rmse"].shuffled


def test_only_what_is_named_is_measured(trial: EchoTrial):
    assert [figure.name for figure in evaluate(trial, ("layout_light",))] == ["layout_light"]


@pytest.mark.parametrize("text", ["depth", "depth_rmse,speed", ","])
def test_an_unknown_measure_is_named_with_those_there_are(text: str):
    with pytest.raises(ValueError, match="there are depth_rmse, "):
        known_measures(text)


def test_names_are_parted_by_commas():
    assert known_measures("depth_rmse, mask_ssim") == ("depth_rmse", "mask_ssim")


def test_the_page_has_a_line_for_each(figures: dict[str, Figure], trial: EchoTrial):
    text = page(list(figures.values()), trial, "sheet.jpg")
    for name in figures:
        assert f"| `{name}` | " in text
    assert "](sheet.jpg)" in text
