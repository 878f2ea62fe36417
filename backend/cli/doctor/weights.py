"""The published weights that are here, found as `models list` finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from vace_core.checkpoints.catalogue import PUBLISHED, WeightFile, files_of
from vace_core.checkpoints.store import Store
from vace_core.errors import CheckpointError

from ...models.download_record import DownloadRecord
from ...models.download_record import fault as what_is_torn
from .finding import Finding, fault, gigabytes, joined, note, ok

NAME = "Weights"
DOWNLOAD = "python start.py models download"


def weights(store: Store, free: int) -> list[Finding]:
    """Check every published pipeline. free: bytes where downloads go.

    A pipeline is partly here if weights that are its own are, or a download of them was cut off: text encoder,
    tokenizer and autoencoder belong to all.
    """
    findings, complete, absent = [], [], {}
    for pipeline in PUBLISHED:
        files = files_of(pipeline)
        found = {role: store.find_or_instead(file) for role, file in files.items()}
        missing = [files[role] for role, one in found.items() if one is None]
        torn = _torn(found)
        if torn:
            findings.append(torn)
        elif not missing:
            complete.append(pipeline)
        elif found["base"] is not None or _is_cut_off(store, files["base"]):
            findings.append(_partly(pipeline, missing))
        else:
            absent[pipeline] = sum(file.size for file in missing)
    if complete:
        findings.insert(0, ok(NAME, f"All files of {joined(complete)} are here."))
    if absent:
        findings.append(_absent(absent, free, bool(complete)))
    return list(dict.fromkeys(findings))  # one torn file is of several pipelines


def _partly(pipeline: str, missing: list[WeightFile]) -> Finding:
    names, size = joined([file.name for file in missing]), gigabytes(sum(file.size for file in missing))
    found = f"Of {pipeline} {names} {'is' if len(missing) == 1 else 'are'} missing, about {size}."
    return note(NAME, found, f"Run: {DOWNLOAD} {pipeline}")


def _absent(absent: Mapping[str, int], free: int, others: bool) -> Finding:
    """Tell what is not here; with no weights at all the bundled model still runs."""
    sizes = joined([f"{name} ({gigabytes(size)})" for name, size in absent.items()])
    fallback = "" if others else " The bundled model needs none."
    smallest = min(absent, key=lambda name: absent[name])
    fix = f"Run: {DOWNLOAD} {smallest}"
    if free < absent[smallest]:
        fix = (
            f"Only {gigabytes(free)} are free there; name a folder on another disk: {DOWNLOAD} {smallest} --models DIR"
        )
    return note(NAME, f"Not here, with what is to be downloaded: {sizes}.{fallback}", fix)


def _torn(found: Mapping[str, tuple[WeightFile, Path] | None]) -> Finding | None:
    """Return a fault for the first file that is seen at a glance not to be whole; `models verify` reads them all."""
    for file, path in filter(None, found.values()):
        if wrong := _at_a_glance(path):
            fix = f"Delete it, and run: {DOWNLOAD} {file.name}"
            return fault(NAME, f"{path} is not whole: it {wrong}.", fix)
    return None


def _at_a_glance(path: Path) -> str | None:
    """Return what is wrong with a file by its size or its form. What was downloaded is not read whole here."""
    record = DownloadRecord.of(path)
    if record is None:
        return what_is_torn(path)
    size = path.stat().st_size
    return None if size == record.size else f"has {size} bytes, and had {record.size} when it came"


def _is_cut_off(store: Store, file: WeightFile) -> bool:
    wanted = store.wanted(file)
    target = store.folders[0] / wanted.repository / wanted.path
    return target.parent.is_dir() and any(target.parent.glob(f"{target.name}.*.part"))


def check_weights(free: Callable[[Path], int]) -> list[Finding]:
    """Check the folders that the program looks for weights in."""
    from ...models.folders import model_folders

    try:
        store = Store(model_folders())
        return weights(store, free(store.folders[0]))
    except CheckpointError as reason:  # two files that differ, or a wrong models.json: its words name the fix
        return [fault(NAME, f"{reason}.", "Do as it says, and see: python start.py models list")]
