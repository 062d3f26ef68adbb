"""Folders of recordings with a .txt of the same name beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import SPLITS, counted, decoded
from suite_speech_recognition.examples import Rows
from suite_speech_recognition.listing import is_recording, opened, stem
from suite_speech_recognition.options import TextFilesOptions

TEXT = ".txt"


def have_texts(names: Sequence[str]) -> bool:
    """Whether any recording has a text beside it."""
    texts = {stem(name) for name in names if name.lower().endswith(TEXT)}
    return any(stem(name) in texts for name in names if is_recording(name))


def load(path: Path, options: TextFilesOptions) -> Dataset:
    """Load recordings with a .txt beside each, in which line breaks are spaces.

    Parts are folders called train, validation (val, valid, dev) and test, where there is one for train; else
    everything is for training.

    Args:
        path: a folder or an archive.
        options: whether folders are speakers.

    Raises:
        UserError: where no recording has a text. What cannot be used is named in `Dataset.problems`.
    """
    tree = opened(path)
    recordings = [place for place, name in enumerate(tree.names) if is_recording(name)]
    if not have_texts(tree.names):
        raise UserError(f"{path} holds no recording with a {TEXT} of the same name beside it")
    texts = {stem(name): place for place, name in enumerate(tree.names) if name.lower().endswith(TEXT)}
    parts = parts_by_folder([tree.names[place] for place in recordings])
    rows = Rows()
    for place in recordings:
        name = tree.names[place]
        part = parts[name]
        text = texts.pop(stem(name), None)
        if part is None:
            rows.leave_out("in no folder of a part", name)
        elif text is None:
            rows.leave_out(f"without a {TEXT} beside it", name)
        else:
            try:
                said = " ".join(decoded(tree.source(text).read(), tree.source(text).name).split())
            except UserError as error:
                rows.leave_out(f"whose {TEXT} cannot be read", str(error))
                continue
            folder = name.rpartition("/")[0].rpartition("/")[2]
            speaker = folder if options.speaker_folders and folder.lower() not in SPLITS else ""
            rows.add(part, name, place, said, speaker)
    problems = list(tree.problems)
    if texts:
        alone = [tree.names[place] for place in texts.values()]
        problems.append(Problem(f"{counted(len(alone), 'text', 'texts')} without a recording", alone))
    return rows.dataset(path, tree, problems)


def parts_by_folder(names: Sequence[str]) -> Mapping[str, str | None]:
    """The part of each file, by the outermost folder that is called after one.

    Returns:
        By name; "train" for all where no folder is called so, None for what is in none of several.
    """
    found = {}
    for name in names:
        called = (SPLITS[folder.lower()] for folder in name.split("/")[:-1] if folder.lower() in SPLITS)
        found[name] = next(called, None)
    if "train" not in found.values():
        return dict.fromkeys(names, "train")
    return found
