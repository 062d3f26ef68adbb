"""`pipeline.json`, which says of a folder what pipeline it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from suite.errors import UserError
from suite.files import atomic_write

FORMAT = 1
MANIFEST = "pipeline.json"
FOLDS_FILE = "folds.json"
"""Lies in a directory that holds a run for each fold of a cross-validation, and is no run itself."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What `pipeline.json` says.

    Attributes:
        format: the version of this layout.
        task: the task's name.
        builder: the model builder as `plugin:name`; its codec reads `codec`.
        plugin: name and version of the builder's plugin.
        codec: what the codec's `to_json` gave.
        network: the network's file, beside this one; its suffix says which runtime reads it.
        facts: the facts of the data that it was trained on.
        unfinished: for the model of a training that has not ended, how far it has come: "after epoch 8 of
            150, mAP 0.210 on validation".
    """

    format: int
    task: str
    builder: str
    plugin: dict[str, str] = {}
    codec: dict[str, Any]
    network: str
    facts: dict[str, Any] = {}
    unfinished: str = ""


def model_folder(path: Path) -> Path:
    """The folder with `pipeline.json` for a run, a model folder, an exported folder, or a file in one."""
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
        content = msgspec.json.decode(file.read_bytes())
        written = content.get("format") if isinstance(content, dict) else None
        if isinstance(written, int) and written > FORMAT:
            raise UserError(
                f"{file} was written by a newer version (format {written}, this one reads {FORMAT}):"
                " pip install --upgrade keras-suite"
            )
        manifest = msgspec.convert(content, Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is damaged ({error}): train or export again") from None
    if Path(manifest.network).name != manifest.network or "\\" in manifest.network:
        raise UserError(f"{file} is refused: its network '{manifest.network}' is not a file beside it")
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
    """Write `pipeline.json`, which makes `folder` a model folder."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    atomic_write(folder / MANIFEST, encoded + b"\n")
