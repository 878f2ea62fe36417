"""Where weights come from: the Hugging Face hub, a mirror that speaks like it, or a folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, get_session, get_token, hf_hub_url
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, OfflineModeIsEnabled, RemoteEntryNotFoundError
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from vace_core.checkpoints.catalogue import WeightFile
from vace_core.checkpoints.overrides import NAME
from vace_core.checkpoints.paths import expanded, is_folder
from vace_core.checkpoints.store import Store

log = logging.getLogger(__name__)

BLOCK = 1 << 20
SILENCE = 30.0
"""Seconds without a byte after which a connection counts as lost."""
TRIES, PAUSE = 5, 1.0
"""How often a connection that brings nothing is tried anew, and how many seconds after."""

OnBytes = Callable[[int], None]
"""Is told how many bytes came; a negative number takes some back."""


class DownloadError(ValueError):
    """A file could not be had. The message names it, and says what to do."""


@dataclass(frozen=True)
class Remote:
    """A file as its origin has it now. tag: changes with its content, and may be a digest of it (`record.Digests`)."""

    place: str
    size: int
    tag: str
    commit: str = ""


class WeightHub(Protocol):
    """Somewhere that files of the catalogue come from. Both raise DownloadError, and OSError where a disk fails."""

    def describe(self, file: WeightFile) -> Remote: ...

    def fetch(self, file: WeightFile, remote: Remote, out: BinaryIO, on_bytes: OnBytes) -> None:
        """Write to `out`, from where it stands on, until it has all; what came stays there if that fails."""
        ...


def hub_at(endpoint: str | None) -> WeightHub:
    """A folder of this machine, or the address of a hub (by default HF_ENDPOINT's). DownloadError for neither."""
    if endpoint is None:
        return Hub(constants.ENDPOINT)
    if endpoint.startswith(("http://", "https://")):
        return Hub(endpoint.rstrip("/"))
    if is_folder(folder := expanded(Path(endpoint))):
        return Mirror(folder)
    raise DownloadError(
        f"--endpoint {endpoint}: is no folder here, and no address that begins with http:// or https://"
    )


class Hub:
    """The hub, or a server that speaks as it does. The user's token, if there is one, goes with each request to it.

    Contents are streamed here, as huggingface_hub itself (since 1.18) keeps no part of a file that was interrupted.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        constants.HF_HUB_DISABLE_TELEMETRY = True  # or it asks the hub for more, even where there is a mirror

    def describe(self, file: WeightFile) -> Remote:
        """In the authors' own repository, or in its mirror where that one does not give it."""
        refused: HfHubHTTPError | None = None
        for repository in file.repositories:
            try:
                found = self._describe(file, repository)
            except HfHubHTTPError as error:
                refused = refused or error
                continue
            except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
                raise self._explained(file, error) from error
            if refused is not None:
                log.info("%s: %s does not give it; taken from its mirror %s", file.name, file.repository, repository)
            return found
        assert refused is not None
        raise self._explained(file, refused) from refused

    def _describe(self, file: WeightFile, repository: str) -> Remote:
        address = hf_hub_url(repository, file.path, endpoint=self.endpoint)
        try:
            said = get_hf_file_metadata(address, endpoint=self.endpoint)
        except (ValueError, httpx2.InvalidURL) as error:
            raise DownloadError(f"{file}: {self.endpoint} cannot be asked, or answers nonsense ({error})") from error
        if said.size is None or said.size < 0 or not said.etag:
            raise DownloadError(f"{file}: {self.endpoint} does not say its size and tag; is it a mirror of the hub?")
        # By commit, so that a part of one version is never continued with another.
        at = hf_hub_url(repository, file.path, revision=said.commit_hash, endpoint=self.endpoint)
        return Remote(at, said.size, said.etag, said.commit_hash or "")

    def fetch(self, file: WeightFile, remote: Remote, out: BinaryIO, on_bytes: OnBytes) -> None:
        failures = 0
        while (had := out.tell()) < remote.size:
            reason: Exception = DownloadError(f"{file}: {self.endpoint} ended the connection too early")
            try:
                self._stream(file, remote, out, on_bytes)
            except httpx2.TransportError as error:
                reason = error
            except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
                raise self._explained(file, error) from error
            failures = 0 if out.tell() > had else failures + 1
            if failures > TRIES:
                raise self._explained(file, reason) from reason
            if out.tell() < remote.size:
                log.info(
                    "%s: the connection was lost at %d of %d bytes; trying again", file.name, out.tell(), remote.size
                )
                time.sleep(PAUSE)

    def _stream(self, file: WeightFile, remote: Remote, out: BinaryIO, on_bytes: OnBytes) -> None:
        had = out.tell()
        headers = build_hf_headers() | {"Accept-Encoding": "identity", "Range": f"bytes={had}-"}
        with get_session().stream("GET", remote.place, headers=headers, timeout=SILENCE) as answer:
            hf_raise_for_status(answer)
            if had and answer.status_code != httpx2.codes.PARTIAL_CONTENT:  # it begins anew, and so do we
                out.seek(0)
                out.truncate()
                on_bytes(-had)
            for block in answer.iter_bytes():  # as they come, so that a broken connection costs next to nothing
                if out.tell() + len(block) > remote.size:
                    out.truncate(0)
                    raise DownloadError(
                        f"{file}: {self.endpoint} sends more than the {remote.size} bytes that it announced; what came "
                        "was thrown away, run the command again or name a mirror with --endpoint"
                    )
                out.write(block)
                on_bytes(len(block))

    def _explained(self, file: WeightFile, error: Exception) -> DownloadError:
        """What happened, and what to do, in one line."""
        mirrors = file.repositories[1:] if isinstance(error, HfHubHTTPError) else ()
        neither = f"; nor does its mirror {mirrors[0]} give it" if mirrors else ""
        return DownloadError(f"{file}: {_reason(error, file, self.endpoint)}{neither}")


class Mirror:
    """A folder that holds the files as any folder of a `Store` may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store = Store([folder])

    def describe(self, file: WeightFile) -> Remote:
        path = self._store.find(file)
        if path is None:
            raise DownloadError(f"{file}: is not in {self.folder}, neither by its repository nor by a name of its own")
        about = path.stat()
        return Remote(str(path), about.st_size, f"{about.st_size:x}-{about.st_mtime_ns:x}")

    def fetch(self, file: WeightFile, remote: Remote, out: BinaryIO, on_bytes: OnBytes) -> None:
        with open(remote.place, "rb") as source:
            source.seek(out.tell())
            while block := source.read(BLOCK):
                out.write(block)
                on_bytes(len(block))


def _reason(error: Exception, file: WeightFile, endpoint: str) -> str:
    page = f"{endpoint}/{file.repository}"
    if isinstance(error, OfflineModeIsEnabled):
        return "is not on this machine, and HF_HUB_OFFLINE forbids to fetch it; take that out of the environment"
    if isinstance(error, GatedRepoError):
        return (
            f"its authors ask for consent first; give it at {page}, then log in with `hf auth login` or set HF_TOKEN "
            "to a token that may read it"
        )
    if isinstance(error, RemoteEntryNotFoundError):
        return f"there is no such file at {page}; if it has another name now, put it in {NAME}"
    if isinstance(error, HfHubHTTPError):
        return _reason_by_status(error.response.status_code, page, get_token() is not None)
    if isinstance(error, httpx2.TimeoutException):
        return f"{endpoint} does not answer; run the same command again later, it goes on from here"
    if isinstance(error, httpx2.HTTPError):
        return (
            f"no connection to {endpoint} ({error}); check the network, or name a mirror with --endpoint, and run the "
            "same command again, it goes on from here"
        )
    return str(error)


def _reason_by_status(status: int, page: str, with_token: bool) -> str:
    if status == 401 and with_token:  # without one it may as well not be there
        return "your token is not accepted (the server says 401); log in anew with `hf auth login`, or correct HF_TOKEN"
    if status in (401, 404):
        return (
            f"{page} is not there, or not for everybody (the server says {status}); if it has moved, put its new place "
            f"in {NAME}; if it is private, log in with `hf auth login` or set HF_TOKEN"
        )
    if status == 403:
        return f"{page} refuses (the server says 403); see whether your token may read it"
    return f"{page} has trouble (the server says {status}); run the same command again later, it goes on from here"
