"""Data directories of Kaldi and ESPnet: `text` and `wav.scp`, perhaps `segments` and `utt2spk`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import split_of_name
from suite.sources import Tree, is_archive, open_tree
from suite_speech_recognition.examples import BAD_TIMES, Utterances
from suite_speech_recognition.loaders.options import KaldiOptions
from suite_speech_recognition.loaders.tables import Locations, text_of

WAVES, TEXT, SEGMENTS, SPEAKERS = "wav.scp", "text", "segments", "utt2spk"


def data_directories(names: Sequence[str]) -> list[str]:
    """The folders with both `wav.scp` and `text`, each ending with a slash, or empty for the outermost."""
    there = set(names)
    folders = (name.removesuffix(WAVES) for name in names if name.rpartition("/")[2] == WAVES)
    return [folder for folder in folders if f"{folder}{TEXT}" in there]


def load(path: Path, options: KaldiOptions) -> Dataset:
    """Load data directories, whose names say which split each is (train_clean, dev, test).

    A data directory that is alone is for training.

    Args:
        path: a data directory, or a folder or an archive with several.
        options: where the recordings are.

    Raises:
        UserError: if there is none, or a wav.scp runs programs. What cannot be used is named in
            `Dataset.problems`.
    """
    tree = open_tree(path)
    folders = data_directories(tree.names)
    if not folders:
        raise UserError(f"{path} has no folder with both {WAVES} and {TEXT}")
    splits = {folder: split_of_name(folder.strip("/").rpartition("/")[2]) for folder in folders}
    if len(folders) == 1 or "train" not in splits.values():
        splits = {folder: split or "train" for folder, split in splits.items()}
        splits = splits if len(folders) > 1 else dict.fromkeys(folders, "train")
    reader = _Reader(tree, options.encoding)
    paths = {folder: reader.rows(f"{folder}{WAVES}") for folder in folders}
    first = next((words for rows in paths.values() for words in rows.values()), "")
    locations = _locations(path, tree, options, first, folders[0])
    utterances = Utterances(options.channel)
    for folder, split in splits.items():
        if split is None:
            utterances.leave_out("in a folder that is no split", folder.rstrip("/"))
            continue
        speakers = reader.rows(f"{folder}{SPEAKERS}")
        segments = reader.rows(f"{folder}{SEGMENTS}")
        for utterance, text in reader.rows(f"{folder}{TEXT}").items():
            where = f"{folder}{TEXT}: {utterance}"
            recording, start, end = utterance, None, None
            if segments:
                section = _section(segments.get(utterance, ""))
                if section is None:
                    utterances.leave_out(BAD_TIMES, f"{where}: '{segments.get(utterance, '')}'")
                    continue
                recording, start, end = section
            written = paths[folder].get(recording, "")
            if written.endswith("|"):
                utterances.leave_out("of a program in place of a file (convert the recordings first)", where)
            elif not written or (file := locations.find(written, folder)) is None:
                utterances.leave_out("whose recording is not there", f"{where}: {written or recording}")
            else:
                utterances.add(split, where, file, text, speakers.get(utterance, ""), start, end)
    return utterances.dataset(path, locations.tree(), [*tree.problems, *reader.notes])


class _Reader:
    """Reads files of a line for each id."""

    def __init__(self, tree: Tree, encoding: str) -> None:
        self._tree = tree
        self._indices = {name: file for file, name in enumerate(tree.names)}
        self._encoding = encoding
        self.notes: list[str] = []

    def rows(self, name: str) -> dict[str, str]:
        """What follows each id; nothing if the file is not there."""
        if name not in self._indices:
            return {}
        text, notes = text_of(self._tree.source(self._indices[name]).read(), name, self._encoding)
        self.notes += notes
        found = {}
        for line in text.splitlines():
            if line.strip():
                key, _, rest = line.strip().replace("\t", " ").partition(" ")
                found[key] = rest.strip()
        return found


def _section(written: str) -> tuple[str, float, float] | None:
    """A recording's id, and start and end in seconds, of a line of `segments`; None if it is no such line."""
    try:
        recording, start, end = written.split()[:3]
        return recording, float(start), float(end)
    except ValueError:
        return None


def _locations(path: Path, tree: Tree, options: KaldiOptions, first: str, folder: str) -> Locations:
    """Where the recordings are: paths are relative to where the recipe ran, mostly a folder above."""
    if options.recordings:
        return Locations(Path(options.recordings))
    if path.is_file() and is_archive(path):
        return Locations(tree)
    above = [path, *path.resolve().parents[:3]]
    found = (
        root for root in above if Locations(root).find(first, folder if root == path else "") is not None
    )
    return Locations(next(found, path))
