"""The loaders, one for each format: what the plugin declares.

A folder can look like more than one format. Each is asked in turn, the most specific first, and only the
first that says yes recognizes it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from suite.sources import is_archive
from suite_speech_recognition.common_voice import is_common_voice
from suite_speech_recognition.common_voice import load as load_common_voice
from suite_speech_recognition.file_patterns import load as load_pattern
from suite_speech_recognition.librispeech import has_transcripts
from suite_speech_recognition.librispeech import load as load_librispeech
from suite_speech_recognition.listing import is_recording, opened
from suite_speech_recognition.manifests import home_of
from suite_speech_recognition.manifests import load as load_manifest
from suite_speech_recognition.text_files import have_texts
from suite_speech_recognition.text_files import load as load_text_files

__all__ = [
    "detect_common_voice", "detect_librispeech", "detect_manifest", "detect_pattern", "detect_text_files",
    "load_common_voice", "load_librispeech", "load_manifest", "load_pattern", "load_text_files",
]  # fmt: skip

_MOST_FOLDERS = 20
_MOST_LOOKED_INTO = 10_000


def detect_manifest(path: Path) -> bool:
    """Whether `path` is a table that names recordings, or a folder or archive with one."""
    return _format(path) == "manifest"


def detect_common_voice(path: Path) -> bool:
    """Whether `path` is a language of Common Voice."""
    return _format(path) == "common-voice"


def detect_librispeech(path: Path) -> bool:
    """Whether `path` holds transcripts as LibriSpeech has them."""
    return _format(path) == "librispeech"


def detect_text_files(path: Path) -> bool:
    """Whether `path` holds recordings with a text beside them."""
    return _format(path) == "text-files"


def detect_pattern(path: Path) -> bool:
    """Whether `path` holds recordings, but nothing that says what is said in them, if not their names."""
    return _format(path) == "pattern"


def _format(path: Path) -> str:
    home = home_of(path)
    if home is not None and is_common_voice(home):
        return "common-voice"
    if home is not None and any(map(home.speaks_of_recordings, home.names)):
        return "manifest"
    if path.is_file() and not is_archive(path):
        return ""
    names = _some_names(path)
    if not any(map(is_recording, names)):
        return ""
    if has_transcripts(names):
        return "librispeech"
    return "text-files" if have_texts(names) else "pattern"


def _some_names(path: Path) -> Sequence[str]:
    """The files of an archive, or those in the first folders with recordings: listing all may take long."""
    if path.is_file():
        return opened(path).names
    names: list[str] = []
    with_recordings = 0
    for number, (folder, folders, files) in enumerate(os.walk(path, followlinks=True)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names += [f"{folder}/{name}" for name in files if not name.startswith(".")]
        with_recordings += any(map(is_recording, files))
        if with_recordings == _MOST_FOLDERS or number == _MOST_LOOKED_INTO:
            break
    return names
