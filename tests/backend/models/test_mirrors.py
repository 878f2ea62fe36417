"""A second origin for what the first does not give, and sizes and digests that no server is asked for."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from backend.models.hub import DownloadError
from tests.backend.models.hub import Hub
from tests.backend.models.test_download import download
from vace_core.checkpoints.catalogue import FILES, MIRROR, MIRRORED
from vace_core.checkpoints.overrides import read_overrides
from vace_core.checkpoints.store import Store

FILE = FILES["longlive-lora"]
CONTENT = bytes(range(256)) * 500
FIRST, SECOND = (f"{repository}/{FILE.path}" for repository in FILE.repositories)
KNOWN = replace(FILE, size=len(CONTENT), exact=True, sha256=hashlib.sha256(CONTENT).hexdigest())


def test_a_mirror_has_the_same_name_and_path_and_only_what_is_mirrored_has_one():
    assert FILE.repositories == ("Efficient-Large-Model/LongLive-1.3B", f"{MIRROR}/LongLive-1.3B")
    assert {file.repository for file in FILES.values() if len(file.repositories) == 2} == MIRRORED
    assert FILES["vace-14b-full"].repositories == ("Wan-AI/Wan2.1-VACE-14B",)


@pytest.mark.parametrize("fault", [None, (403, "GatedRepo"), (401, ""), (500, "")])
def test_what_the_authors_repository_does_not_give_comes_from_the_mirror(
    hub: Hub, tmp_path: Path, fault: tuple[int, str] | None, caplog: pytest.LogCaptureFixture
):
    hub.files[SECOND] = CONTENT
    if fault is not None:
        hub.files[FIRST] = b"something else"
        hub.errors[FIRST] = fault
    with caplog.at_level(logging.INFO):
        (path,) = download(tmp_path, hub).bring([FILE])
    assert path == tmp_path / FILE.repository / FILE.path
    assert path.read_bytes() == CONTENT
    assert f"taken from its mirror {MIRROR}/LongLive-1.3B" in caplog.text


def test_the_authors_repository_goes_first(hub: Hub, tmp_path: Path):
    hub.files |= {FIRST: CONTENT, SECOND: b"the mirror's"}
    (path,) = download(tmp_path, hub).bring([FILE])
    assert path.read_bytes() == CONTENT


def test_where_neither_gives_it_both_are_named(hub: Hub, tmp_path: Path):
    with pytest.raises(DownloadError, match=r"longlive-lora .*nor does its mirror daydreamlive/LongLive-1.3B give it"):
        download(tmp_path, hub).bring([FILE])


def test_what_lies_in_the_mirror_s_folders_is_found(tmp_path: Path):
    for place in (SECOND, f"models--{MIRROR}--LongLive-1.3B/snapshots/abc/{FILE.path}"):
        path = tmp_path / place.replace("/", "-") / place
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
        assert Store([tmp_path / place.replace("/", "-")]).find(FILE) == path


def test_a_file_of_another_size_than_is_known_is_not_fetched(hub: Hub, tmp_path: Path):
    hub.files[FIRST] = CONTENT[:-1]
    with pytest.raises(DownloadError, match=r"announces 127999 bytes, and it is known to have 128000"):
        download(tmp_path, hub).bring([KNOWN])
    assert hub.fetched() == []


def test_a_file_of_another_content_than_is_known_is_thrown_away_whatever_the_server_says_of_it(
    hub: Hub, tmp_path: Path
):
    hub.files[FIRST] = CONTENT[::-1]
    with pytest.raises(DownloadError, match="is not the file that is known"):
        download(tmp_path, hub).bring([KNOWN])
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]
    hub.files[FIRST] = CONTENT
    (path,) = download(tmp_path, hub).bring([KNOWN])
    assert path.read_bytes() == CONTENT


def test_another_place_of_a_file_has_another_size(tmp_path: Path):
    (tmp_path / "models.json").write_text('{"umt5-fp8": {"repository": "some/body", "path": "a.safetensors"}}')
    row = read_overrides(tmp_path)["umt5-fp8"]
    assert not isinstance(row, Path)
    assert FILES["umt5-fp8"].exact
    assert (row.exact, row.sha256, row.repositories) == (False, "", ("some/body",))
