"""`pipeline.json`, which says of a folder what pipeline it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from suite.documents import parse_json
from suite.errors import UserError
from suite.files import atomic_write
from suite.sources.addresses import is_address
from suite.versions import PACKAGE

FORMAT = 2
MANIFEST = "pipeline.json"
REPORT = "export.json"
"""How an export was compared with Keras; it lies beside its `pipeline.json`."""
BENCH_FILE = "bench.json"
"""What `suite bench --save` writes beside `pipeline.json`, and `suite serve` reads."""
FOLDS_FILE = "folds.json"
"""Lies in a directory that holds a run for each fold of a cross-validation, and is no run itself."""


_AGAIN = "copy it again, or train or export again"


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a file was when it was written.

    Attributes:
        size: in bytes.
        sha256: of its content, in hexadecimal digits.
    """

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What `pipeline.json` says.

    Attributes:
        format: the version of this layout.
        task: the task's name.
        task_plugin: the plugin that offers the task, for others may offer one of the same name.
        builder: the model builder as `plugin:name`; its codec reads `codec`.
        plugin: name and version of the builder's plugin.
        codec: what the codec's `to_json` gave.
        network: the network's file or folder, beside this one; its suffix says which runtime reads it.
        facts: the facts of the data that it was trained on.
        files: by its name, with "/" in a folder, what each file beside this one was when it was written.
        replacing: what a file becomes that is just being replaced, and may be if the process died then.
        sha256: of this file itself, as `_checksum` has it.
        versions: of the packages that it was written with, by their names: suite and Keras.
        unfinished: for the model of a training that has not ended, how far it has come: "after epoch 8 of
            150, mAP 0.210 on validation".
    """

    format: int
    task: str
    task_plugin: str = ""
    builder: str
    plugin: dict[str, str] = {}
    codec: dict[str, Any]
    network: str
    facts: dict[str, Any] = {}
    files: dict[str, FileRecord] = {}
    replacing: dict[str, FileRecord] = {}
    sha256: str = ""
    versions: dict[str, str] = {}
    unfinished: str = ""


def model_folder(path: Path) -> Path:
    """The folder with `pipeline.json` for a run, a model folder, an exported folder, or a file in one.

    Of one that is elsewhere, a copy.
    """
    if is_address(path):
        from suite.sources.copies import copied_model  # which hardly any model needs

        path = copied_model(path)
    if not path.exists():
        raise UserError(f"{path} is not there: give a run, or a folder that `suite export` wrote")
    if path.is_file():
        path = path.parent
    for folder in (path, path / "model"):
        if (folder / MANIFEST).is_file():
            return folder
    if (path / FOLDS_FILE).is_file():
        raise UserError(f"{path} holds a run for each fold: name one of them, like {path / 'fold-1'}")
    if (path / "config.toml").is_file():
        raise UserError(
            f"{path} holds no model yet, its training ended before the first one was written:"
            f" suite resume {path} goes on with it"
        )
    raise UserError(f"{path} is neither a run nor a model: neither it nor its folder model has a {MANIFEST}")


def read_manifest(folder: Path) -> Manifest:
    """Read and check `pipeline.json` of a model folder."""
    file = folder / MANIFEST
    try:
        content = parse_json(file.read_bytes(), f"{file} is damaged: it")
        written = content.get("format") if isinstance(content, dict) else None
        if isinstance(written, int) and written != FORMAT:
            newer = written > FORMAT
            advice = "pip install --upgrade keras-suite" if newer else "train or export again"
            raise UserError(
                f"{file} was written by {'a newer' if newer else 'an older'} version (format {written},"
                f" this one reads {FORMAT}{_written_with(content)}): {advice}"
            )
        manifest = msgspec.convert(content, Manifest)
    except msgspec.ValidationError as error:
        raise UserError(f"{file} is damaged ({error}): train or export again") from None
    if Path(manifest.network).name != manifest.network or "\\" in manifest.network:
        raise UserError(f"{file} is refused: its network '{manifest.network}' is not a file beside it")
    try:
        is_whole = manifest.sha256 == _checksum(content)
    except (ValueError, OverflowError, RecursionError):  # numbers and texts that nobody can have written
        is_whole = False
    if not is_whole:
        raise UserError(f"{file} is damaged, or was changed after it was written: {_AGAIN}")
    return manifest


def unfinished_note(manifest: Manifest, path: Path) -> str:
    """A sentence on a model of a training that has not ended; "" for any other.

    Args:
        manifest: of the model.
        path: as it was given: if it is a run, the sentence says how to go on with it.
    """
    if not manifest.unfinished:
        return ""
    text = f"this model is of a training that has not ended ({manifest.unfinished})"
    return f"{text}; to go on with it: suite resume {path}" if (path / "config.toml").is_file() else text


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `pipeline.json`, which makes `folder` a model folder; its other files are there already."""
    names = [*_network_files(folder, manifest.network), REPORT]
    files = {name: record_of(folder / name) for name in names if (folder / name).is_file()}
    _write(folder, msgspec.structs.replace(manifest, files=files, replacing={}))


def announce(folder: Path, name: str, replacement: Path) -> None:
    """Write into `pipeline.json`, if there is one, that a file is about to be replaced.

    So the folder can be read whenever the process dies: the file may then be what it was or what it becomes.

    Args:
        folder: the model folder.
        name: of the file.
        replacement: what it is replaced by.
    """
    try:
        manifest = read_manifest(folder)
    except (UserError, OSError):
        return
    _write(folder, msgspec.structs.replace(manifest, replacing={name: record_of(replacement)}))


def record_of(path: Path) -> FileRecord:
    """The size of a file and its checksum."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(size=path.stat().st_size, sha256=digest)


def check_file(folder: Path, manifest: Manifest, name: str) -> None:
    """Compare a file of a model folder with what it was when it was written.

    Raises:
        UserError: if it is not there, is damaged, or `pipeline.json` does not know it.
    """
    path = folder / name
    allowed = [each[name] for each in (manifest.files, manifest.replacing) if name in each]
    if not path.is_file():
        raise UserError(f"{path} is not there: the model folder is incomplete; {_AGAIN}")
    if not allowed:
        raise UserError(f"{path} is refused: {MANIFEST} beside it holds no checksum of it")
    size = path.stat().st_size
    if size not in [each.size for each in allowed]:
        raise UserError(f"{path} is damaged: it has {size:,} bytes instead of {allowed[0].size:,}; {_AGAIN}")
    if record_of(path) not in allowed:
        raise UserError(f"{path} is damaged: its checksum (SHA-256) is another one; {_AGAIN}")


def check_network(folder: Path, manifest: Manifest) -> None:
    """Compare all files of the network with what they were when they were written.

    Raises:
        UserError: if one is not there, is damaged, or `pipeline.json` does not know it.
    """
    known = [name for name in manifest.files if name != REPORT and is_beside(name)]
    for name in dict.fromkeys([*known, *_network_files(folder, manifest.network)]):
        check_file(folder, manifest, name)


def size_of_network(folder: Path, network: str) -> int:
    """The bytes of all files of a network."""
    return sum((folder / name).stat().st_size for name in _network_files(folder, network))


def is_beside(name: str) -> bool:
    """Whether the name of a file in `pipeline.json` is that of a file in the same folder or below."""
    return "\\" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def _network_files(folder: Path, network: str) -> list[str]:
    """The files that a network is made of, as `Manifest.files` has their names."""
    path = folder / network
    if path.is_dir():
        return sorted(file.relative_to(folder).as_posix() for file in path.rglob("*") if not file.is_dir())
    weights = path.with_suffix(".bin")
    return [network, weights.name] if path.suffix == ".xml" and weights.exists() else [network]


def _write(folder: Path, manifest: Manifest) -> None:
    # Through JSON once, so that a tuple or an enumeration is the same before and after it was written.
    signed = msgspec.structs.replace(
        manifest, sha256=_checksum(msgspec.json.decode(msgspec.json.encode(manifest)))
    )
    encoded = msgspec.json.format(msgspec.json.encode(signed), indent=2)
    atomic_write(folder / MANIFEST, encoded + b"\n")


def _checksum(content: Mapping[str, Any]) -> str:
    """SHA-256 of everything in `pipeline.json` but itself, as JSON with sorted keys and without spaces."""
    return hashlib.sha256(msgspec.json.encode({**content, "sha256": ""}, order="sorted")).hexdigest()


def _written_with(content: Mapping[str, Any]) -> str:
    """The version of suite that a file of another format says it was written with, if it does."""
    versions = content.get("versions")
    version = versions.get(PACKAGE) if isinstance(versions, dict) else None
    return f"; it was written by {PACKAGE} {str(version)[:20]}" if version else ""
