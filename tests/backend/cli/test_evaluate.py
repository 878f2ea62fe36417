"""`evaluate`, with the pocket model itself."""

import json

import cv2
import pytest

from backend.cli import main
from backend.cli.options import DONE
from backend.measure.evaluate.clips import FOOTAGE
from tests.backend.measure.evaluate.ideal import SCOPE, SIZE, IdealTrial, small_pocket


def test_one_measure_of_the_model_as_json(capsys, monkeypatch):
    monkeypatch.setattr("backend.measure.evaluate.trial.QUICK", SCOPE)
    assert main.main(["evaluate", "--quick", "--only", "gray_ssim", "--json"]) == DONE
    figures = json.loads(capsys.readouterr().out)
    assert list(figures) == ["gray_ssim"]
    assert figures["gray_ssim"]["control"] > figures["gray_ssim"]["shuffled"] + 0.1


def test_the_page_and_its_pictures_lie_side_by_side(monkeypatch, tmp_path):
    monkeypatch.setattr("backend.measure.evaluate.trial.QUICK", SCOPE)
    monkeypatch.setattr(
        "backend.measure.evaluate.trial.Trial", lambda model, scope, **_: IdealTrial(model, scope, SIZE)
    )
    monkeypatch.setattr("backend.cli.evaluate._load", lambda *_: small_pocket())
    page = tmp_path / "page.md"
    assert main.main(["evaluate", "--quick", "--only", "gray_ssim", "--markdown", str(page)]) == DONE
    assert "| `gray_ssim` | higher | " in page.read_text(encoding="utf-8")
    sheet = cv2.imread(str(tmp_path / "page.jpg"))
    assert sheet is not None
    assert sheet.shape[1] > 5 * SIZE[1]


def test_clips_that_are_given_are_measured_with_the_bundled_one(monkeypatch):
    """The same file twice: three real clips."""
    seen: list[int] = []
    monkeypatch.setattr("backend.measure.evaluate.trial.QUICK", SCOPE)
    monkeypatch.setattr("backend.cli.evaluate._load", lambda *_: small_pocket())
    monkeypatch.setattr("backend.measure.evaluate.run.evaluate", lambda trial, _: seen.append(len(trial.real)) or [])
    again = ["--clip", str(FOOTAGE)]
    assert main.main(["evaluate", "--quick", *again, *again]) == DONE
    assert seen == [3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "speed"], "there are depth_rmse, "),
        (["--reference-mode", "slots"], "invalid choice: 'slots'"),
        (["--pipeline", "none"], "invalid choice"),
        (["--clip", "nowhere/clip.mp4"], "there is no file nowhere"),
        (["--markdown", "nowhere/page.md"], "there is no folder nowhere"),
    ],
)
def test_wrong_usage_is_said_with_what_there_is(arguments: list[str], said: str, capsys):
    with pytest.raises(SystemExit) as stopped:
        main.main(["evaluate", *arguments])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
