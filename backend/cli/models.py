"""`models`: list, download and verify the published weights."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vace_core.checkpoints.catalogue import AUTOENCODERS, FILES, PUBLISHED, TEXT_ENCODERS, WeightFile, files_of
from vace_core.checkpoints.store import Store

from ..models.folders import VARIABLE, model_folders
from ..models.progress import Progress, gigabytes
from .options import DONE, FAILED

BUNDLED = "pocket"
NAMES = "a pipeline, or a single file, as `models list` names them"


def add_models(parser: argparse.ArgumentParser) -> None:
    """The options of `models`."""
    commands = parser.add_subparsers(required=True, metavar="list | download | verify")
    listing = commands.add_parser("list", help="what there is, and what is here")
    listing.set_defaults(command=list_models)
    listing.add_argument("--markdown", action="store_true", help="the tables of docs/reference/pipelines.md")
    download = commands.add_parser("download", help="what is missing; a part goes on where it stopped")
    download.set_defaults(command=download_models)
    download.add_argument("--accept-licence", action="store_true", help="of files whose licence restricts their use")
    download.add_argument(
        "--endpoint", metavar="URL|FOLDER", help="a mirror of the hub, or a folder to copy from (default: HF_ENDPOINT)"
    )
    verify = commands.add_parser("verify", help="whether what is here is whole")
    verify.set_defaults(command=verify_models)
    for command in (download, verify):
        command.add_argument("names", nargs="+", metavar="NAME", help=NAMES)
        command.add_argument("--autoencoder", default=AUTOENCODERS[0], choices=AUTOENCODERS)
        command.add_argument(
            "--text",
            choices=TEXT_ENCODERS,
            help=f"the text encoder (default: any that is here, else {TEXT_ENCODERS[0]})",
        )
    for command in (listing, download, verify):
        command.add_argument(
            "--models",
            type=Path,
            action="append",
            default=[],
            metavar="DIR",
            help=f"look here too, and download into the first (default: {VARIABLE}, else your data folder)",
        )
        command.add_argument("--json", action="store_true", help="print one JSON object")


def list_models(options: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Every pipeline with its files, where they lie, and what is missing."""
    if options.markdown:
        from ..models.page import markdown

        print(markdown())
        return DONE
    store = Store(model_folders(options.models))
    rows = [_row(store, file) for file in FILES.values()]
    if options.json:
        pipelines = {name: {role: file.name for role, file in files_of(name).items()} for name in PUBLISHED}
        print(json.dumps({"folders": [str(path) for path in store.folders], "pipelines": pipelines, "files": rows}))
        return DONE
    for name in PUBLISHED:
        files = files_of(name)
        missing = sum(file.size for file in files.values() if store.find_or_instead(file) is None)
        total = sum(file.size for file in files.values())
        print(f"{name}: about {gigabytes(total)}, {f'{gigabytes(missing)} missing' if missing else 'all here'}")
        print("".join(f"  {role:12}{file.name}\n" for role, file in files.items()), end="")
    print(f"\n{BUNDLED}: bundled\n\nfiles, sizes estimated; download goes into {store.folders[0]}")
    for row in rows:
        print(f"  {row['name']:24}{gigabytes(row['bytes']):>9}  {row['found'] or '-'}")
    return DONE


def download_models(options: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Fetch what is missing; nothing is asked of any server where all is here."""
    store = Store(model_folders(options.models))
    files = chosen(options.names, options.autoencoder, options.text)
    here: dict[str, Path] = {}
    for file in files:
        if found := store.find_or_instead(file):
            here[file.name] = found[1]
            print(f"{file.name}: is here, {found[1]}", file=sys.stderr)
    missing = [store.wanted(file) for file in files if file.name not in here]
    if missing:
        require_consent(missing, options.accept_licence)
        try:
            brought = _fetch(missing, store, options.endpoint)
        except KeyboardInterrupt:
            print("vace: stopped; run the same command again, it goes on from here", file=sys.stderr)
            return FAILED
        here |= {file.name: path for file, path in zip(missing, brought)}
    if options.json:
        print(json.dumps({"files": {name: str(path) for name, path in here.items()}}))
    return DONE


def verify_models(options: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Exit code 1 if anything is missing or not whole."""
    store = Store(model_folders(options.models))
    files = chosen(options.names, options.autoencoder, options.text)
    rows = [_verified(store, file) for file in files]
    if options.json:
        print(json.dumps({"files": rows}))
    else:
        print("\n".join(f"{row['name']}: {row['fault'] or row['known']}" for row in rows))
    if any(row["fault"] and row["path"] for row in rows):
        print("vace: delete what is not whole, and run `models download` again", file=sys.stderr)
    return FAILED if any(row["fault"] for row in rows) else DONE


def _verified(store: Store, file: WeightFile) -> dict[str, Any]:
    from ..models.download_record import DownloadRecord, content_size, fault, mistaken

    found = store.find_or_instead(file)
    if found is None:
        return {"name": file.name, "path": None, "fault": "is missing", "known": ""}
    row, path = found
    with Progress(file.name, "checked", 0, content_size(path), sys.stderr) as shown:
        wrong = fault(path, shown)
    known = "as it came"
    if row.exact and wrong is None and path.stat().st_size != row.size:
        wrong = f"has {path.stat().st_size} bytes, and is known to have {row.size}"
    if DownloadRecord.of(path) is None:
        wrong = wrong or mistaken(path, row.holds)
        known = "all there, by its form; where it is from is not known"
    return {"name": file.name, "path": str(path), "fault": wrong and f"{wrong} ({path})", "known": known}


def chosen(names: Sequence[str], autoencoder: str, text: str | None) -> list[WeightFile]:
    """The files that are meant, each once. What is named by itself, nothing else does for.

    Raises ValueError for a name that is neither a pipeline's nor a file's.
    """
    files: dict[str, WeightFile] = {}
    for name in names:
        if name in PUBLISHED:
            files |= {file.name: file for file in files_of(name, autoencoder, text or TEXT_ENCODERS[0]).values()}
        elif name in FILES:
            files[name] = replace(FILES[name], instead=())
        elif name == BUNDLED:
            raise ValueError(f"{BUNDLED} is bundled: there is nothing to download")
        else:
            raise ValueError(f"there is no {name!r}; it is {', '.join(PUBLISHED)}, or a file: {', '.join(FILES)}")
    if text in files:
        files[text] = replace(files[text], instead=())
    return list(files.values())


def require_consent(files: Sequence[WeightFile], accepted: bool) -> None:
    """Show the licences; ValueError where one restricts, and is not accepted by option or by the person asked."""
    for file in files:
        print(f"{file.name}: licence {file.licence}; see the page of {file.repository}", file=sys.stderr)
    restricted = [file.name for file in files if file.restricted]
    if not restricted or accepted:
        return
    refused = f"the licence of {', '.join(restricted)} restricts its use; nothing was downloaded"
    if not sys.stdin.isatty():
        raise ValueError(f"{refused}; if you accept it, give --accept-licence")
    print(f"Do you accept the licence of {', '.join(restricted)}? Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != "yes":
        raise ValueError(refused)


def _fetch(files: Sequence[WeightFile], store: Store, endpoint: str | None) -> list[Path]:
    from ..models.download import Download
    from ..models.hub import hub_at

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request otherwise
    return Download(store.folders[0], hub_at(endpoint), sys.stderr).bring(files)


def _row(store: Store, file: WeightFile) -> dict[str, Any]:
    wanted, found = store.wanted(file), store.find(file)
    return {
        "name": file.name,
        "repository": wanted.repository,
        "path": wanted.path,
        "bytes": found.stat().st_size if found and not wanted.is_index else wanted.size,
        "estimated": found is None or wanted.is_index,
        "licence": wanted.licence,
        "restricted": wanted.restricted,
        "known_from": wanted.known_from,
        "found": None if found is None else str(found),
    }
