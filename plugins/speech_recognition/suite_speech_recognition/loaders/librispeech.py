"""The layout of LibriSpeech: SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NUMBER.flac beside *.trans.txt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import nearest, split_of_name
from suite.sources import open_tree
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.loaders.listing import is_recording, stem
from suite_speech_recognition.loaders.options import LibriSpeechOptions
from suite_speech_recognition.loaders.tables import text_of

TRANSCRIPTS = ".trans.txt"


def has_transcripts(names: Sequence[str]) -> bool:
    """Whether there are files of transcripts as LibriSpeech has them."""
    return any(name.endswith(TRANSCRIPTS) for name in names)


def load(path: Path, options: LibriSpeechOptions) -> Dataset:
    """Load LibriSpeech, or what is laid out as it is.

    Splits are named by the first word of the subsets' names: train-clean-100, dev-other, test-clean. If there
    are no such folders, everything is for training.

    Args:
        path: the folder with the subsets, a subset, or an archive.
        options: which subsets.

    Raises:
        UserError: if there are no transcripts, or a subset is named that is not there. What cannot be used is
            named in `Dataset.problems`.
    """
    tree = open_tree(path)
    recordings = {stem(name): file for file, name in enumerate(tree.names) if is_recording(name)}
    lists = [file for file, name in enumerate(tree.names) if name.endswith(TRANSCRIPTS)]
    if not lists:
        raise UserError(f"{path} holds no transcripts as LibriSpeech has them (SPEAKER-CHAPTER{TRANSCRIPTS})")
    subsets = {file: _subset(tree.names[file]) for file in lists}
    known = set(subsets.values()) - {""}
    for name in options.subsets:
        if name not in known:
            raise UserError(f"{path} has no subset '{name}': {nearest(name, known)}")
    utterances = Utterances(options.channel)
    notes: list[str] = []
    transcribed = set()
    for file in lists:
        subset = subsets[file]
        if options.subsets and subset not in options.subsets:
            continue
        split = split_of_name(subset) or "train"
        folder = tree.names[file].rpartition("/")[0]
        try:
            content, odd = text_of(tree.source(file).read(), tree.names[file], options.encoding)
            notes += odd
        except UserError as error:
            utterances.leave_out("in a file that cannot be read", str(error))
            continue
        for number, line in enumerate(content.splitlines(), start=1):
            name, _, text = line.strip().partition(" ")
            where = f"{tree.names[file]}, line {number}"
            recording = f"{folder}/{name}" if folder else name
            if recording in recordings:
                transcribed.add(recording)
                speaker = name.partition("-")[0]
                utterances.add(split, where, recordings[recording], text.strip(), speaker)
            elif name:
                utterances.leave_out("whose recording is not there", f"{where}: {name}")
    if not options.subsets:
        for recording, file in recordings.items():
            if recording not in transcribed:
                utterances.leave_out("without a transcript", tree.names[file])
    return utterances.dataset(path, tree, [*tree.problems, *notes])


def _subset(name: str) -> str:
    """The folder above those of speaker and chapter."""
    folders = name.split("/")[:-1]
    return folders[-3] if len(folders) >= 3 else ""
