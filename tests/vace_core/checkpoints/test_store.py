"""Weights are found wherever people keep them, and never guessed."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from vace_core.checkpoints.catalogue import FILES, WeightFile, files_of
from vace_core.checkpoints.store import Store, shards
from vace_core.errors import CheckpointError

BASE, LORA, VACE, TINY = (FILES[name] for name in ("longlive-base", "longlive-lora", "vace-1.3b", "taew2_1"))


def put(path: Path, content: bytes = b"weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "place",
    [
        "Efficient-Large-Model/LongLive-1.3B/models/longlive_base.pt",
        "LongLive-1.3B/models/longlive_base.pt",
        "models--Efficient-Large-Model--LongLive-1.3B/snapshots/abc/models/longlive_base.pt",
        "longlive_base.pt",
        "LongLive_Base.PT",
        "models/diffusion_models/longlive_base.pt",
        "models/unet/wan/streaming/longlive_base.pt",
        "checkpoints/longlive_base.pt",
    ],
)
def test_a_file_is_found_by_repository_by_name_in_caches_and_in_comfyui(place: str, tmp_path: Path):
    path = put(tmp_path / place)
    assert Store([tmp_path / "not there", tmp_path]).find(BASE) == path


@pytest.mark.parametrize("place", ["lora.pt", "models/loras/lora.pt", "MemFlow/lora.pt", "somewhere/longlive_base.pt"])
def test_a_name_that_could_be_anything_is_not_taken(place: str, tmp_path: Path):
    put(tmp_path / place)
    store = Store([tmp_path])
    assert store.find(LORA) is None
    assert store.find(BASE) is None


def test_the_first_folder_goes_before_the_others_and_the_repository_before_a_name(tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    named = put(first / "taew2_1.pth", b"named")
    by_repository = put(second / "lightx2v" / "Autoencoders" / "taew2_1.pth", b"other")
    put(second / "taew2_1.pth", b"another")
    assert Store([first, second]).find(TINY) == named
    assert Store([second, first]).find(TINY) == by_repository


def test_a_name_that_is_likelier_goes_before_another(tmp_path: Path):
    put(tmp_path / "vae_approx" / "taew2_1.safetensors", b"the same in another form")
    assert Store([tmp_path]).find(TINY) == tmp_path / "vae_approx" / "taew2_1.safetensors"
    pth = put(tmp_path / "vae_approx" / "taew2_1.pth")
    assert Store([tmp_path]).find(TINY) == pth


@pytest.mark.parametrize("other", [b"longer than the other", b"weighty"])
def test_of_two_files_that_differ_neither_is_taken(other: bytes, tmp_path: Path):
    one = put(tmp_path / "vae" / "taew2_1.pth")
    two = put(tmp_path / "vae_approx" / "tiny" / "taew2_1.pth", other)
    with pytest.raises(
        CheckpointError, match=r"several files could be taew2_1, and they differ.*say which in models"
    ) as told:
        Store([tmp_path]).find(TINY)
    assert str(one) in str(told.value)
    assert str(two) in str(told.value)
    (tmp_path / "models.json").write_text(json.dumps({"taew2_1": str(two)}))
    assert Store([tmp_path]).find(TINY) == two


def test_two_copies_of_one_file_are_as_good_as_one(tmp_path: Path):
    one = put(tmp_path / "vae" / "taew2_1.pth")
    put(tmp_path / "vae_approx" / "taew2_1.pth")
    assert Store([tmp_path]).find(TINY) == one


def test_a_difference_in_the_middle_of_large_files_is_seen(tmp_path: Path):
    content = bytearray(400_000)
    put(tmp_path / "vae" / "taew2_1.pth", bytes(content))
    content[200_000] = 1
    put(tmp_path / "vae_approx" / "taew2_1.pth", bytes(content))
    with pytest.raises(CheckpointError, match="they differ"):
        Store([tmp_path]).find(TINY)


def test_of_a_caches_versions_the_current_one_is_taken(tmp_path: Path):
    cached = tmp_path / "models--lightx2v--Autoencoders"
    put(cached / "snapshots" / "aaa" / "taew2_1.pth", b"older")
    newer = put(cached / "snapshots" / "bbb" / "taew2_1.pth", b"newer")
    with pytest.raises(CheckpointError, match="they differ"):
        Store([tmp_path]).find(TINY)
    put(cached / "refs" / "main", b"bbb")
    assert Store([tmp_path]).find(TINY) == newer


def test_an_index_counts_with_all_its_shards_only(tmp_path: Path):
    full = FILES["vace-14b-full"]
    index = put(
        tmp_path / "Wan-AI" / "Wan2.1-VACE-14B" / full.path,
        json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"}}).encode(),
    )
    put(index.parent / "one.safetensors")
    assert Store([tmp_path]).find(full) is None
    put(index.parent / "two.safetensors")
    assert Store([tmp_path]).find(full) == index
    assert [path.name for path in shards(index)] == ["one.safetensors", "two.safetensors"]


@pytest.mark.parametrize(
    "content", ["[]", "{}", "not json", '{"weight_map": {"a": "../../other"}}', '{"weight_map": [1]}']
)
def test_what_is_no_index_is_named(content: str, tmp_path: Path):
    index = put(tmp_path / "model.safetensors.index.json", content.encode())
    with pytest.raises(CheckpointError, match="is no index of shards"):
        shards(index)


def test_what_does_as_well_is_taken_where_the_file_is_missing_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    fp8 = put(tmp_path / "text_encoders" / "umt5-xxl-enc-fp8_e4m3fn.safetensors")
    store = Store([tmp_path])
    with caplog.at_level(logging.INFO):
        assert store.find_or_instead(FILES["umt5"]) == (FILES["umt5-fp8"], fp8)
    assert "umt5-fp8 is taken for umt5" in caplog.text
    assert store.find(FILES["umt5"]) is None


@pytest.mark.parametrize(("module", "size"), [("vace-1.3b", "1.3B"), ("vace-14b", "14B")])
def test_a_whole_vace_checkpoint_of_comfyuis_does_for_the_module(module: str, size: str, tmp_path: Path):
    whole = put(tmp_path / "models" / "diffusion_models" / f"wan2.1_vace_{size}_fp16.safetensors")
    assert Store([tmp_path]).require({"vace": FILES[module]}) == {"vace": whole}


def test_required_files_go_by_role(tmp_path: Path):
    files = files_of("longlive")
    paths = {role: put(tmp_path / file.repository / file.path) for role, file in files.items()}
    assert Store([tmp_path]).require(files) == paths


def test_every_missing_file_is_named_with_the_command_that_brings_it(tmp_path: Path):
    put(tmp_path / BASE.repository / BASE.path)
    with pytest.raises(CheckpointError) as told:
        Store([tmp_path]).require({"base": BASE, "lora": LORA, "vace": VACE})
    message = str(told.value)
    assert "2 of 3" in message
    assert "longlive-lora (Efficient-Large-Model/LongLive-1.3B: models/lora.pt)" in message
    assert "`python start.py models download longlive-lora vace-1.3b`" in message
    assert str(tmp_path) in message
    assert "longlive-base" not in message


def test_models_json_names_another_repository_or_a_file_of_this_machine(tmp_path: Path):
    own = put(tmp_path / "mine" / "tiny.pth")
    other = put(tmp_path / "some" / "body" / "base.pt")
    put(tmp_path / "longlive_base.pt", b"which is of the row that was overridden")
    (tmp_path / "models.json").write_text(
        json.dumps({"taew2_1": "mine/tiny.pth", "longlive-base": {"repository": "some/body", "path": "base.pt"}})
    )
    store = Store([tmp_path])
    assert store.find(TINY) == own
    assert store.find(BASE) == other
    wanted = store.wanted(BASE)
    assert (wanted.repository, wanted.path, wanted.known_from) == (
        "some/body",
        "base.pt",
        str(tmp_path / "models.json"),
    )
    assert store.wanted(LORA) is LORA


def test_of_two_folders_the_first_one_s_models_json_decides(tmp_path: Path):
    for name in ("first", "second"):
        put(tmp_path / name / f"{name}.pth")
        (tmp_path / name / "models.json").write_text(json.dumps({"taew2_1": f"{name}.pth"}))
    assert Store([tmp_path / "first", tmp_path / "second"]).find(TINY) == tmp_path / "first" / "first.pth"


def test_a_file_that_models_json_names_and_that_is_not_there_is_an_error(tmp_path: Path):
    (tmp_path / "models.json").write_text('{"taew2_1": "gone.pth"}')
    put(tmp_path / "taew2_1.pth")
    with pytest.raises(CheckpointError, match=r"models.json says that taew2_1 is .*gone.pth, where there is no file"):
        Store([tmp_path]).find(TINY)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", r"is not JSON .*backslash"),
        (b'{"wan": "D:\\weights"}', r"is not JSON .*backslash"),
        (b"\xff\xfe", "save it as UTF-8"),
        (b"[]", "holds a list, expected an object"),
        (b'{"longlive": "x"}', "there is no file 'longlive'; the names are longlive-base, "),
        (b'{"wan": 3}', "'wan' is 3, expected the path of a file"),
        (b'{"wan": ""}', "'wan' is \"\", expected the path of a file"),
        (b'{"wan": {"repository": "a/b"}}', "expected the path of a file"),
        (b'{"wan": {"repository": "a/b", "path": "c", "size": 1}}', "expected the path of a file"),
        (b'{"wan": {"repository": "ab", "path": "c"}}', "expected the path of a file"),
        (b'{"wan": {"repository": "a/b", "path": "../c"}}', "expected the path of a file"),
        (b'{"wan": {"repository": "../b", "path": "c"}}', "expected the path of a file"),
        (b'{"wan": {"repository": "a/b", "path": "/c"}}', "expected the path of a file"),
    ],
)
def test_a_mistake_in_models_json_is_named(content: bytes, told: str, tmp_path: Path):
    (tmp_path / "models.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=told) as error:
        Store([tmp_path])
    assert str(tmp_path / "models.json") in str(error.value)


def test_a_row_says_where_it_is():
    row = WeightFile("mine", "some/body", "a/file.pt", 10)
    assert str(row) == "mine (some/body: a/file.pt)"
