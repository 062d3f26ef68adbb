"""Folders of recordings with a .txt of the same name beside each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import SPLITS, counted, decoded
from suite.sources import open_tree
from suite_speech_recognition.examples import Utterances
from suite_speech_recognition.loaders.listing import is_recording, splits_by_folder, stem
from suite_speech_recognition.loaders.options import TextFilesOptions

TEXT = ".txt"


def have_texts(names: Sequence[str]) -> bool:
    """Whether any recording has a text beside it."""
    texts = {stem(name) for name in names if name.lower().endswith(TEXT)}
    return any(stem(name) in texts for name in names if is_recording(name))


def load(path: Path, options: TextFilesOptions) -> Dataset:
    """Load recordings with a .txt beside each, in which line breaks are spaces.

    Splits are folders named train, validation (val, valid, dev) and test, if there is one for train;
    otherwise everything is for training.

    Args:
        path: a folder or an archive.
        options: whether folders are speakers.

    Raises:
        UserError: if no recording has a text. What cannot be used is named in `Dataset.problems`.
    """
    tree = open_tree(path)
    recordings = [file for file, name in enumerate(tree.names) if is_recording(name)]
    if not have_texts(tree.names):
        raise UserError(f"{path} holds no recording with a {TEXT} of the same name beside it")
    texts = {stem(name): file for file, name in enumerate(tree.names) if name.lower().endswith(TEXT)}
    splits = splits_by_folder([tree.names[file] for file in recordings])
    utterances = Utterances()
    for file in recordings:
        name = tree.names[file]
        split = splits[name]
        text_file = texts.pop(stem(name), None)
        if split is None:
            utterances.leave_out("in no folder of a split", name)
        elif text_file is None:
            utterances.leave_out(f"without a {TEXT} beside it", name)
        else:
            source = tree.source(text_file)
            try:
                text = " ".join(decoded(source.read(), source.name).split())
            except UserError as error:
                utterances.leave_out(f"whose {TEXT} cannot be read", str(error))
                continue
            folder = name.rpartition("/")[0].rpartition("/")[2]
            speaker = folder if options.speaker_folders and folder.lower() not in SPLITS else ""
            utterances.add(split, name, file, text, speaker)
    problems = list(tree.problems)
    if texts:
        alone = [tree.names[file] for file in texts.values()]
        problems.append(Problem(f"{counted(len(alone), 'text', 'texts')} without a recording", alone))
    return utterances.dataset(path, tree, problems)
