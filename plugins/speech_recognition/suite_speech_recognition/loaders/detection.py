"""Which format a folder or an archive is of.

A folder can look like more than one format. The most specific format is tried first, and only the first that
fits recognizes the folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from suite.sources import FileSource, is_archive, open_tree
from suite_speech_recognition.loaders.common_voice import is_common_voice as has_common_voice
from suite_speech_recognition.loaders.id_text import LJSPEECH, ids_of, is_list, is_ljspeech, may_be_list
from suite_speech_recognition.loaders.kaldi import data_directories
from suite_speech_recognition.loaders.librispeech import has_transcripts
from suite_speech_recognition.loaders.listing import is_recording
from suite_speech_recognition.loaders.parquet import has_recordings
from suite_speech_recognition.loaders.tables import TableFolder, tables_at
from suite_speech_recognition.loaders.text_files import have_texts

_MAX_FOLDERS = 20
_MAX_LISTS = 50
_MAX_LOOKED_INTO = 10_000


def detect_manifest(path: Path) -> bool:
    """Whether `path` is a table that names recordings, or a folder or archive with one."""
    return _format(path) == "manifest"


def detect_parquet(path: Path) -> bool | str:
    """Whether `path` is a Parquet table with recordings in it, or a folder with some, as `has_recordings`."""
    return has_recordings(path)


def detect_common_voice(path: Path) -> bool:
    """Whether `path` is a language of Common Voice."""
    return _format(path) == "common-voice"


def detect_librispeech(path: Path) -> bool:
    """Whether `path` holds transcripts as LibriSpeech has them."""
    return _format(path) == "librispeech"


def detect_text_files(path: Path) -> bool:
    """Whether `path` holds recordings with a text beside them."""
    return _format(path) == "text-files"


def detect_kaldi(path: Path) -> bool:
    """Whether `path` holds data directories of Kaldi."""
    return _format(path) == "kaldi"


def detect_id_text(path: Path) -> bool:
    """Whether `path` holds recordings and lists of ids and texts."""
    return _format(path) == "id-text"


def detect_pattern(path: Path) -> bool:
    """Whether `path` holds recordings and no transcripts, except perhaps in their names."""
    return _format(path) == "pattern"


def _format(path: Path) -> str:
    if not path.exists():
        return ""
    if has_recordings(path) is True:
        return "parquet"
    folder = tables_at(path)
    if folder is not None and has_common_voice(folder):
        return "common-voice"
    if folder is not None and any(map(folder.names_recordings, folder.names)):
        return "manifest"
    if path.is_file() and not is_archive(path):
        return ""
    names = _some_names(path)
    if data_directories(names):
        return "kaldi"
    if not any(map(is_recording, names)):
        return "id-text" if folder is not None and _is_ljspeech(folder) else ""
    if has_transcripts(names):
        return "librispeech"
    if _has_list(path, names):
        return "id-text"
    return "text-files" if have_texts(names) else "pattern"


def _is_ljspeech(folder: TableFolder) -> bool:
    """Whether there is a metadata.csv of LJSpeech's form, even if the recordings are not there."""
    return LJSPEECH in folder.names and is_ljspeech(folder.content(LJSPEECH, 4096).decode("utf-8", "replace"))


def _has_list(path: Path, names: Sequence[str]) -> bool:
    """Whether a file lists the ids of recordings, other than texts beside them."""
    ids = ids_of(names)
    candidates = [
        (name, file)
        for file, name in enumerate(names)
        if may_be_list(name) and name.rpartition("/")[2].partition(".")[0] not in ids
    ]
    candidates.sort(key=lambda candidate: candidate[0].count("/"))
    tree = open_tree(path) if path.is_file() else None
    sources = (FileSource(Path(name)) if tree is None else tree.source(file) for name, file in candidates)
    return any(is_list(source, ids) for source in islice(sources, _MAX_LISTS))


def _some_names(path: Path) -> Sequence[str]:
    """The files of an archive, or those in the first folders with recordings: listing all may take long."""
    if path.is_file():
        return open_tree(path).names
    names: list[str] = []
    with_recordings = 0
    for number, (inner, folders, files) in enumerate(os.walk(path, followlinks=True)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names += [f"{inner}/{name}" for name in files if not name.startswith(".")]
        with_recordings += any(map(is_recording, files))
        if with_recordings == _MAX_FOLDERS or number == _MAX_LOOKED_INTO:
            break
    return names
