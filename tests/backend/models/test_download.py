"""Downloads from a hub-like server: whole or not at all, and on from where they stopped."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from huggingface_hub import constants

from backend.models.download import Download, free_space
from backend.models.download_record import DownloadRecord
from backend.models.hub import DownloadError, Hub, Remote, hub_at
from tests.backend.models.hub import COMMIT
from tests.backend.models.hub import Hub as HubState
from tests.backend.models.hub import hub as running_hub
from tests.backend.waiting import wait_for
from vace_core.checkpoints.catalogue import WeightFile

FILE = WeightFile("base", "authors/Model", "weights/base.pt", 300_000)
ON_HUB = "authors/Model/weights/base.pt"
CONTENT = bytes(range(256)) * 1200
PLENTY = 10**12


@pytest.fixture
def there(hub: HubState) -> HubState:
    """The hub, holding FILE."""
    hub.files[ON_HUB] = CONTENT
    return hub


def download(folder: Path, hub: HubState, free: Callable[[Path], int] = lambda _: PLENTY) -> Download:
    return Download(folder, Hub(hub.endpoint), io.StringIO(), free)


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.part"))


def test_a_file_comes_whole_to_its_place_with_a_receipt_beside_it(there: HubState, tmp_path: Path):
    (path,) = download(tmp_path, there).bring([FILE])
    assert path == tmp_path / "authors" / "Model" / "weights" / "base.pt"
    assert path.read_bytes() == CONTENT
    record = DownloadRecord.of(path)
    assert record is not None
    assert (record.size, record.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert record.commit == COMMIT
    assert parts(tmp_path) == []


def test_a_small_file_that_git_tags_is_checked_by_that_tag(hub: HubState, tmp_path: Path):
    hub.files[ON_HUB] = b'{"a": 1}'
    hub.git.add(ON_HUB)
    (path,) = download(tmp_path, hub).bring([FILE])
    assert path.read_bytes() == b'{"a": 1}'
    hub.altered.add(ON_HUB)
    with pytest.raises(DownloadError, match="not what was announced"):
        download(tmp_path / "other", hub).bring([FILE])


def test_a_lost_connection_is_gone_on_with_in_the_same_run(there: HubState, tmp_path: Path):
    there.cuts += [100_000, 50_000, 7]
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == CONTENT
    assert [one.range for one in there.fetched()] == ["bytes=0-", "bytes=100000-", "bytes=150000-", "bytes=150007-"]


def test_what_stopped_goes_on_in_the_next_run(there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("backend.models.hub.TRIES", 0)
    there.cuts += [100_000, 0]
    with pytest.raises(DownloadError, match=r"no connection.*the same command again, it goes on from here"):
        download(tmp_path, there).bring([FILE])
    (part,) = parts(tmp_path)
    assert part.read_bytes() == CONTENT[:100_000]
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == CONTENT
    assert there.fetched()[-1].range == "bytes=100000-"
    assert parts(tmp_path) == []


def test_a_connection_that_brings_nothing_is_given_up(there: HubState, tmp_path: Path):
    there.cuts += [0] * 10
    with pytest.raises(DownloadError, match="no connection"):
        download(tmp_path, there).bring([FILE])
    assert len(there.fetched()) == 6


def test_ctrl_c_leaves_a_part_that_goes_on(there: HubState, tmp_path: Path):
    class Interrupted(Hub):
        def fetch(self, file: WeightFile, remote: Remote, out: BinaryIO, on_bytes: Callable[[int], None]) -> None:
            def stop(count: int) -> None:
                raise KeyboardInterrupt

            super().fetch(file, remote, out, stop)

    with pytest.raises(KeyboardInterrupt):
        Download(tmp_path, Interrupted(there.endpoint), io.StringIO()).bring([FILE])
    (part,) = parts(tmp_path)
    had = part.stat().st_size
    assert 0 < had < len(CONTENT)
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == CONTENT
    assert there.fetched()[-1].range == f"bytes={had}-"


def test_a_server_that_knows_no_ranges_begins_anew(there: HubState, tmp_path: Path):
    there.whole_only = True
    there.cuts += [100_000]
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == CONTENT


def test_a_part_of_another_version_is_not_continued(there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("backend.models.hub.TRIES", 0)
    there.cuts += [100_000, 0]
    with pytest.raises(DownloadError):
        download(tmp_path, there).bring([FILE])
    there.files[ON_HUB] = newer = CONTENT[::-1]
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == newer
    assert there.fetched()[-1].range == "bytes=0-"
    assert parts(tmp_path) == []


def test_another_content_than_announced_is_thrown_away(there: HubState, tmp_path: Path):
    there.altered.add(ON_HUB)
    with pytest.raises(DownloadError, match=r"authors/Model: weights/base.pt.*not what was announced.*run the command"):
        download(tmp_path, there).bring([FILE])
    assert [path for path in tmp_path.rglob("base.pt*") if path.is_file()] == []


def test_no_room_is_told_before_anything_is_fetched(there: HubState, tmp_path: Path):
    there.files["authors/Model/other.pt"] = CONTENT
    other = WeightFile("other", "authors/Model", "other.pt", 1)
    with pytest.raises(DownloadError, match=r"2 files need 614400|2 files need 0.6 MB more in .*0.5 MB are free"):
        download(tmp_path, there, lambda _: 500_000).bring([FILE, other])
    assert there.fetched() == []
    assert list(tmp_path.rglob("*.pt")) == []


def test_what_is_here_already_needs_no_room(there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("backend.models.hub.TRIES", 0)
    there.cuts += [100_000, 0]
    with pytest.raises(DownloadError):
        download(tmp_path, there).bring([FILE])
    left = len(CONTENT) - 100_000
    with pytest.raises(DownloadError, match=r"need 0\.2 MB more"):
        download(tmp_path, there, lambda _: left - 1).bring([FILE])
    assert len(download(tmp_path, there, lambda _: left).bring([FILE])) == 1


def test_free_space_is_that_of_the_disk_a_folder_will_lie_on(tmp_path: Path):
    assert free_space(tmp_path / "not" / "made" / "yet") > 0


def test_a_disk_that_fills_up_keeps_the_part(tmp_path: Path):
    class Filling:
        def describe(self, file: WeightFile) -> Remote:
            return Remote("somewhere", 1000, "tag")

        def fetch(self, file: WeightFile, remote: Remote, out: BinaryIO, on_bytes: Callable[[int], None]) -> None:
            out.write(bytes(400))
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DownloadError, match=r"is full; free some space.*goes on from here"):
        Download(tmp_path, Filling(), io.StringIO(), lambda _: PLENTY).bring([FILE])
    (part,) = parts(tmp_path)
    assert part.stat().st_size == 400


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (401, "RepoNotFound", r"not there, or not for everybody \(the server says 401\).*models.json.*HF_TOKEN"),
        (403, "GatedRepo", "its authors ask for consent first; give it at .*authors/Model, then log in"),
        (403, "", r"refuses \(the server says 403\)"),
        (404, "RepoNotFound", r"not there, or not for everybody \(the server says 404\)"),
        (404, "EntryNotFound", "no such file at .*authors/Model; if it has another name now, put it in models.json"),
        (429, "", r"has trouble \(the server says 429\); run the same command again later"),
        (500, "", r"has trouble \(the server says 500\); run the same command again later"),
    ],
)
@pytest.mark.parametrize("when", [ON_HUB, "content"])
def test_a_refusal_says_what_to_do(status: int, code: str, told: str, when: str, there: HubState, tmp_path: Path):
    there.errors[when] = (status, code)
    with pytest.raises(DownloadError, match=f"base .authors/Model: weights/base.pt.: .*{told}"):
        download(tmp_path, there).bring([FILE])
    assert list(tmp_path.rglob("base.pt")) == []


def test_no_server_and_no_hub_are_told_apart(there: HubState, tmp_path: Path):
    with pytest.raises(DownloadError, match=r"no connection to http://127.0.0.1:9 .*name a mirror with --endpoint"):
        Download(tmp_path, Hub("http://127.0.0.1:9"), io.StringIO()).bring([FILE])
    there.says_nothing = True
    with pytest.raises(DownloadError, match="does not say its size and tag; is it a mirror of the hub"):
        download(tmp_path, there).bring([FILE])


def test_offline_by_wish_is_told(there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids"):
        download(tmp_path, there).bring([FILE])
    assert there.asked == []


def test_a_token_goes_to_the_hub_and_not_on_to_where_the_content_lies(
    there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    download(tmp_path, there).bring([FILE])
    tokens = {(one.path.startswith("content/"), one.token) for one in there.asked}
    assert tokens == {(False, "Bearer hf_mine"), (True, None)}


def test_two_runs_at_once_fetch_it_once(there: HubState, tmp_path: Path):
    there.held.clear()
    told = [io.StringIO(), io.StringIO()]
    runs = [Download(tmp_path, Hub(there.endpoint), stream) for stream in told]
    brought: list[list[Path]] = []
    threads = [threading.Thread(target=lambda run=run: brought.append(run.bring([FILE]))) for run in runs]
    for thread in threads:
        thread.start()
    wait_for(lambda: any("another run is fetching it" in stream.getvalue() for stream in told), "one to wait")
    there.held.set()
    for thread in threads:
        thread.join(30)
    assert [path.read_bytes() == CONTENT for (path,) in brought] == [True, True]
    assert len(there.fetched()) == 1


def test_an_index_comes_with_its_shards(hub: HubState, tmp_path: Path):
    index = WeightFile("full", "authors/Large", "part/model.safetensors.index.json", 1)
    shards = {f"model-0000{number}-of-00002.safetensors": bytes([number]) * 5000 for number in (1, 2)}
    listed = {"weight_map": dict(zip("abc", [*shards, next(iter(shards))]))}
    hub.files |= {f"authors/Large/part/{name}": content for name, content in shards.items()}
    hub.files["authors/Large/part/model.safetensors.index.json"] = json.dumps(listed).encode()
    (path,) = download(tmp_path, hub).bring([index])
    assert path == tmp_path / "authors" / "Large" / "part" / "model.safetensors.index.json"
    assert {name: (path.parent / name).read_bytes() for name in shards} == shards


def test_a_folder_does_for_a_hub(tmp_path: Path):
    stick, own = tmp_path / "stick", tmp_path / "own"
    source = stick / "authors" / "Model" / "weights" / "base.pt"
    source.parent.mkdir(parents=True)
    source.write_bytes(CONTENT)
    (path,) = Download(own, hub_at(str(stick)), io.StringIO()).bring([FILE])
    assert path.read_bytes() == CONTENT
    missing = WeightFile("other", "authors/Model", "other.pt", 1)
    with pytest.raises(DownloadError, match=r"other \(authors/Model: other.pt\): is not in .*stick"):
        Download(own, hub_at(str(stick)), io.StringIO()).bring([missing])


def test_an_origin_is_an_address_or_a_folder(tmp_path: Path):
    with pytest.raises(DownloadError, match="no folder here, and no address"):
        hub_at(str(tmp_path / "nowhere"))


def test_a_token_that_is_not_accepted_is_named(there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    there.errors[ON_HUB] = (401, "")
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    with pytest.raises(DownloadError, match=r"your token is not accepted.*correct HF_TOKEN"):
        download(tmp_path, there).bring([FILE])


def test_a_server_that_stalls_is_given_up_and_the_part_goes_on(
    there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("backend.models.hub.TRIES", 1)
    monkeypatch.setattr("backend.models.hub.SILENCE", 0.3)
    there.held.clear()
    with pytest.raises(DownloadError, match=r"base .authors/Model: .*does not answer; run the same command again"):
        download(tmp_path, there).bring([FILE])
    assert [path for path in tmp_path.rglob("base.pt") if path.is_file()] == []
    there.held.set()
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == CONTENT


def test_a_server_that_stalls_in_the_middle_is_given_up(there: HubState, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("backend.models.hub.TRIES", 0)
    monkeypatch.setattr("backend.models.hub.SILENCE", 0.3)
    there.cuts += [100_000, 0]
    there.finish.clear()
    with pytest.raises(DownloadError, match="does not answer"):
        download(tmp_path, there).bring([FILE])
    there.finish.set()
    (part,) = parts(tmp_path)
    assert part.read_bytes() == CONTENT[:100_000]


def test_more_than_was_announced_does_not_fill_the_disk(there: HubState, tmp_path: Path):
    there.sent[ON_HUB] = CONTENT * 20
    with pytest.raises(DownloadError, match=rf"more than the {len(CONTENT)} bytes that it announced.*thrown away"):
        download(tmp_path, there).bring([FILE])
    assert sum(path.stat().st_size for path in tmp_path.rglob("base.pt*")) == 0
    del there.sent[ON_HUB]
    (path,) = download(tmp_path, there).bring([FILE])
    assert path.read_bytes() == CONTENT


def test_less_than_was_announced_is_no_file(there: HubState, tmp_path: Path):
    there.sent[ON_HUB] = CONTENT[:1000]
    with pytest.raises(DownloadError, match=r"ended the connection too early|no connection"):
        download(tmp_path, there).bring([FILE])
    assert [path for path in tmp_path.rglob("base.pt") if path.is_file()] == []


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ("-5", "does not say its size|not what was announced"),
        ("much", "does not say its size"),
        ("1" + "0" * 30, r"files need .* more in"),
        ("5", "sends more than the 5 bytes"),
    ],
)
def test_a_size_that_lies_is_told(there: HubState, tmp_path: Path, size: str, told: str):
    there.announced[ON_HUB] = {"X-Linked-Size": size}
    with pytest.raises(DownloadError, match=told):
        download(tmp_path, there).bring([FILE])
    assert [path for path in tmp_path.rglob("base.pt") if path.is_file()] == []


@pytest.mark.parametrize("tag", ["../../../above", "a:b", "C:\\\\x", "*", "x" * 5000])
def test_a_tag_is_no_path(there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str):
    monkeypatch.setattr("backend.models.hub.TRIES", 0)
    there.announced[ON_HUB] = {"X-Linked-ETag": f'"{tag}"'}
    there.cuts += [100_000, 0]
    with pytest.raises(DownloadError, match="no connection"):
        download(tmp_path / "own", there).bring([FILE])
    (part,) = parts(tmp_path)
    assert part.parent == tmp_path / "own" / "authors" / "Model" / "weights"
    assert part.name.removeprefix("base.pt.").removesuffix(".part").isalnum()
    (path,) = download(tmp_path / "own", there).bring([FILE])
    assert path.read_bytes() == CONTENT
    assert parts(tmp_path) == []


@pytest.mark.parametrize("to", ["file:///etc/hostname", "gopher://127.0.0.1/x", "http://[::bad/", "/loop"])
def test_a_redirect_to_nowhere_is_told_and_nothing_is_kept(
    there: HubState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
):
    monkeypatch.setattr("backend.models.hub.TRIES", 0)
    there.files["loop/resolve"] = CONTENT
    address = f"/authors/Model/resolve/main/{FILE.path}" if to == "/loop" else to
    there.announced[ON_HUB] = {"Location": address}
    with pytest.raises(DownloadError, match=r"base .authors/Model: weights/base.pt.: ") as caught:
        download(tmp_path, there).bring([FILE])
    assert "\n" not in str(caught.value)
    assert [path for path in tmp_path.rglob("base.pt") if path.is_file()] == []


def test_another_host_that_sends_something_else_is_found_out(there: HubState, tmp_path: Path):
    with running_hub() as other:
        other.files[ON_HUB] = CONTENT[::-1]
        there.announced[ON_HUB] = {"Location": f"{other.content}/content/{ON_HUB}"}
        with pytest.raises(DownloadError, match="not what was announced"):
            download(tmp_path, there).bring([FILE])
    assert [path for path in tmp_path.rglob("base.pt*") if path.is_file()] == []


@pytest.mark.parametrize("endpoint", ["http://[", "http://127.0.0.1:99999999", "http://"])
def test_an_address_that_is_none_is_told(tmp_path: Path, endpoint: str):
    with pytest.raises(DownloadError, match=r"base .authors/Model: weights/base.pt.: ") as caught:
        Download(tmp_path, Hub(endpoint), io.StringIO()).bring([FILE])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["x" * 300, "nul\0"])
def test_an_origin_that_cannot_be_is_told(endpoint: str):
    with pytest.raises(DownloadError, match="no folder here, and no address"):
        hub_at(endpoint)


def test_an_index_without_end_is_told(hub: HubState, tmp_path: Path):
    index = WeightFile("full", "authors/Large", "model.safetensors.index.json", 1)
    listed = {"weight_map": {str(n): f"{n}.safetensors" for n in range(2000)}}
    hub.files["authors/Large/model.safetensors.index.json"] = json.dumps(listed).encode()
    with pytest.raises(ValueError, match=r"is no index of shards \(it lists 2000 files, at most 1000"):
        download(tmp_path, hub).bring([index])
    assert len(hub.asked) < 10


def test_a_folder_of_an_impossible_name_is_told(there: HubState, tmp_path: Path):
    with pytest.raises(DownloadError, match="cannot be brought to"):
        download(tmp_path / ("x" * 300), there).bring([FILE])
