"""The layout of LibriSpeech: SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NUMBER.flac beside *.trans.txt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import decoded, nearest, split_of_name
from suite_speech_recognition.examples import Rows
from suite_speech_recognition.listing import is_recording, opened, stem
from suite_speech_recognition.options import LibriSpeechOptions

TRANSCRIPTS = ".trans.txt"


def has_transcripts(names: Sequence[str]) -> bool:
    """Whether there are files of transcripts as LibriSpeech has them."""
    return any(name.endswith(TRANSCRIPTS) for name in names)


def load(path: Path, options: LibriSpeechOptions) -> Dataset:
    """Load LibriSpeech, or what is laid out as it is.

    Parts are after the first word of the subsets' names: train-clean-100, dev-other, test-clean. Where there
    are no such folders, everything is for training.

    Args:
        path: the folder with the subsets, a subset, or an archive.
        options: which subsets.

    Raises:
        UserError: where there are no transcripts, or a subset that is not there is asked for. What cannot be
            used is named in `Dataset.problems`.
    """
    tree = opened(path)
    recordings = {stem(name): place for place, name in enumerate(tree.names) if is_recording(name)}
    lists = [place for place, name in enumerate(tree.names) if name.endswith(TRANSCRIPTS)]
    if not lists:
        raise UserError(f"{path} holds no transcripts as LibriSpeech has them (SPEAKER-CHAPTER{TRANSCRIPTS})")
    subsets = {place: _subset(tree.names[place]) for place in lists}
    known = set(subsets.values()) - {""}
    for name in options.subsets:
        if name not in known:
            raise UserError(f"{path} has no subset '{name}': {nearest(name, known)}")
    rows = Rows()
    spoken = set()
    for place in lists:
        subset = subsets[place]
        if options.subsets and subset not in options.subsets:
            continue
        part = split_of_name(subset) or "train"
        folder = tree.names[place].rpartition("/")[0]
        try:
            text = decoded(tree.source(place).read(), tree.names[place])
        except UserError as error:
            rows.leave_out("in a file that cannot be read", str(error))
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            name, _, said = line.strip().partition(" ")
            where = f"{tree.names[place]}, line {number}"
            recording = f"{folder}/{name}" if folder else name
            if recording in recordings:
                spoken.add(recording)
                rows.add(part, where, recordings[recording], said.strip(), name.partition("-")[0])
            elif name:
                rows.leave_out("whose recording is not there", f"{where}: {name}")
    if not options.subsets:
        for recording, place in recordings.items():
            if recording not in spoken:
                rows.leave_out("without a transcript", tree.names[place])
    return rows.dataset(path, tree, tree.problems)


def _subset(name: str) -> str:
    """The folder above those of speaker and chapter."""
    folders = name.split("/")[:-1]
    return folders[-3] if len(folders) >= 3 else ""
