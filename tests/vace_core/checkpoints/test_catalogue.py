"""The catalogue is whole, and its sizes are counted from the published manifests."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from vace_core.checkpoints import catalogue, layouts
from vace_core.checkpoints.catalogue import AUTOENCODERS, FILES, PUBLISHED, TEXT_ENCODERS, files_of
from vace_core.config import PIPELINES, WAN_14B

ROOT = Path(__file__).resolve().parents[3]
MANIFESTS = Path(os.environ.get("VACE_REFERENCE", ROOT.parent / "shared" / "reference")) / "manifests"


def counted(name: str, prefix: str = "") -> int:
    """Parameters of a manifest, of the keys that begin so."""
    if not MANIFESTS.is_dir():
        pytest.skip(f"no published manifests in {MANIFESTS}")
    keys = json.loads((MANIFESTS / f"{name}.json").read_text(encoding="utf-8"))["keys"]
    return sum(math.prod(shape) for key, shape in keys.items() if key.startswith(prefix))


@pytest.mark.parametrize(
    ("constant", "manifest", "prefix"),
    [
        ("WAN_1_3B", "wan2.1-t2v-1.3b", ""),
        ("WAN_14B", "wan2.1-t2v-14b", ""),
        ("VACE_1_3B", "vace-1.3b", "vace_"),
        ("VACE_14B", "vace-14b", "vace_"),
        ("LORA_1_3B", "longlive-lora", ""),
        ("UMT5", "umt5-xxl-encoder", ""),
        ("UMT5_WORDS", "umt5-xxl-encoder", "token_embedding"),
        ("WAN_AUTOENCODER", "wan2.1-vae", ""),
        ("TINY_AUTOENCODER", "taew2_1", ""),
    ],
)
def test_parameters_are_those_of_the_published_manifest(constant: str, manifest: str, prefix: str):
    assert getattr(catalogue, constant) == counted(manifest, prefix)


@pytest.mark.parametrize("pipeline", PUBLISHED)
def test_a_pipeline_has_every_role_and_those_distilled_with_a_lora_have_that_too(pipeline: str):
    roles = {"base", "vace", "text", "tokenizer", "autoencoder"}
    if pipeline in ("longlive", "longlive-infinity", "memflow"):
        roles.add("lora")
    assert set(files_of(pipeline)) == roles


def test_the_large_pipeline_has_the_large_context_blocks():
    assert {name: files_of(name)["vace"].name for name in PUBLISHED} == {
        name: "vace-14b" if name in ("krea-realtime", "streamdiffusion-v2-14b") else "vace-1.3b" for name in PUBLISHED
    }
    large = {name for name in PUBLISHED if PIPELINES[name].architecture == WAN_14B}
    assert large == {name for name in PUBLISHED if files_of(name)["vace"].name == "vace-14b"}


def test_every_pipeline_but_the_bundled_one_has_files():
    assert set(PUBLISHED) == set(PIPELINES) - {"pocket"}


@pytest.mark.parametrize("autoencoder", AUTOENCODERS)
@pytest.mark.parametrize("text", TEXT_ENCODERS)
def test_autoencoder_and_text_encoder_are_chosen_by_name(autoencoder: str, text: str):
    files = files_of("memflow", autoencoder, text)
    assert (files["autoencoder"].name, files["text"].name) == (autoencoder, text)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"pipeline": "pocket"}, "no pipeline with published weights 'pocket'; choose one of longlive"),
        ({"autoencoder": "vae"}, "no autoencoder 'vae'; choose one of taew2_1, wan"),
        ({"text": "clip"}, "no text encoder 'clip'; choose one of umt5"),
    ],
)
def test_what_there_is_not_is_named_with_what_there_is(choice: dict[str, str], told: str):
    with pytest.raises(ValueError, match=told):
        files_of(**{"pipeline": "longlive", **choice})


def test_no_two_rows_are_mistaken_for_each_other():
    places = [(file.repository, file.path) for file in FILES.values()]
    names = [name.casefold() for file in FILES.values() for name in file.names]
    assert len(set(places)) == len(places)
    assert len(set(names)) == len(names)
    general = {"model.pt", "base.pt", "lora.pt", "tokenizer.json", catalogue.FULL}
    assert not general & set(names)


def test_what_does_instead_is_in_the_table_and_of_another_row():
    for file in FILES.values():
        assert set(file.instead) <= set(FILES) - {file.name}


def test_only_what_may_not_be_used_freely_is_restricted():
    assert [name for name, file in FILES.items() if file.restricted] == ["krea-realtime-base"]


def test_what_a_file_holds_is_told_in_the_words_in_which_it_is_recognised():
    kinds = [layouts.TRANSFORMER, layouts.VACE, "a LoRA", layouts.TEXT, layouts.WAN_AUTOENCODER]
    kinds += [layouts.LIGHT_AUTOENCODER, layouts.TINY_AUTOENCODER]
    sizes = [size for known in layouts.KNOWN.values() for size in (known, replace(known, vace_layers=()))]
    words = {str(layouts.Layout(kind, None, size)) for kind in kinds for size in sizes}
    assert {file.holds for name, file in FILES.items() if not name.startswith("tokenizer")} <= words
