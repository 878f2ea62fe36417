"""Where weights are looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.models.folders import keep_what_is_compiled, model_folders


def test_ours_goes_before_the_cache_scope_and_comfyuis_that_are_there(tmp_path: Path):
    for name in (
        ".cache/huggingface/hub",
        ".daydream-scope/models",
        "Documents/ComfyUI/models",
        "ComfyUI_windows_portable/ComfyUI/models",
    ):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "Desktop" / "ComfyUI").mkdir(parents=True)  # which has no models
    ours, *others = model_folders(environment={}, home=tmp_path)
    assert ours.parts[-2:] == ("vace-live", "models")
    assert others == [
        tmp_path / ".cache" / "huggingface" / "hub",
        tmp_path / ".daydream-scope" / "models",
        tmp_path / "ComfyUI_windows_portable" / "ComfyUI",
        tmp_path / "Documents" / "ComfyUI",
    ]


def test_given_folders_stand_in_for_ours_and_those_in_the_environment_if_none_are_given(tmp_path: Path):
    environment = {"VACE_MODELS": os.pathsep.join((str(tmp_path / "a"), str(tmp_path / "b")))}
    assert model_folders((), environment, tmp_path) == (tmp_path / "a", tmp_path / "b")
    assert model_folders([tmp_path / "c"], environment, tmp_path) == (tmp_path / "c",)


def test_a_folder_is_looked_through_once(tmp_path: Path):
    (tmp_path / "ComfyUI" / "models").mkdir(parents=True)
    comfy = tmp_path / "ComfyUI"
    assert model_folders([comfy], {}, tmp_path) == (comfy,)


@pytest.mark.parametrize(
    ("variable", "place"),
    [("HF_HUB_CACHE", "there"), ("HF_HOME", "there/hub"), ("XDG_CACHE_HOME", "there/huggingface/hub")],
)
def test_the_hubs_cache_is_where_its_variables_say(variable: str, place: str, tmp_path: Path):
    (tmp_path / place).mkdir(parents=True)
    assert model_folders([tmp_path], {variable: str(tmp_path / "there")}, tmp_path)[1:] == (tmp_path / place,)


@pytest.mark.parametrize("variable", ["VACE_MODELS", "HF_HUB_CACHE", "HF_HOME"])
def test_the_home_of_nobody_is_told(tmp_path: Path, variable: str):
    with pytest.raises(ValueError, match=r"~nosuchuser/models: nobody is called ~nosuchuser here"):
        model_folders((), {variable: "~nosuchuser/models"}, tmp_path)


@pytest.mark.parametrize("name", ["x" * 300, "nul\0"])
def test_a_folder_that_cannot_be_is_none_that_is_there(tmp_path: Path, name: str):
    assert len(model_folders((), {"HF_HUB_CACHE": name}, tmp_path)) == 1


def test_what_is_compiled_is_kept_where_it_is_said_or_in_the_users_cache(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    keep_what_is_compiled()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "elsewhere"
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    keep_what_is_compiled()
    kept = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
    assert "vace-live" in kept.parts
    assert kept.name == "compiled"
