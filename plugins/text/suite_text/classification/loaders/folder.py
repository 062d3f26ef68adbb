"""A folder of .txt files per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLIT_WORDS, counted, some
from suite.sources import open_tree
from suite_language.encodings import decoded
from suite_text.classification.examples import Collector
from suite_text.classification.options import FolderOptions
from suite_text.reading.input_files import InputFiles

SUFFIX = ".txt"


def load_folder(path: Path, options: FolderOptions) -> Dataset:
    """Load .txt files from a folder per class.

    Splits are folders called train, validation (val, valid, dev) and test above the class folders. A folder
    around all of it, as archives often have, is passed through. Folders below a class belong to it.

    Args:
        path: a folder or an archive.
        options: how texts are cleaned.

    Raises:
        UserError: if there are no texts in class folders, or only one class. Files that cannot be used are
            left out and named in `Dataset.problems`.
    """
    tree = open_tree(path)
    texts = [index for index, name in enumerate(tree.names) if name.lower().endswith(SUFFIX)]
    if not texts:
        raise UserError(
            f"{path} holds no {SUFFIX} file: put the texts of each class in a folder that is called as it"
        )
    collector = Collector(path, options)
    collector.are_files(InputFiles(whole=True, encoding=options.encoding))
    for problem in tree.problems:
        collector.problems.say(problem)
    if rest := [name for name in tree.names if not name.lower().endswith(SUFFIX)]:
        collector.problems.say(
            f"{counted(len(rest), 'file is', 'files are')} no {SUFFIX} and left out: {some(rest)}"
        )
    folders = [tree.names[index].split("/")[:-1] for index in texts]
    depth = _wrapper_depth(folders)
    in_splits = [_split(folder[depth]) if len(folder) > depth + 1 else None for folder in folders]
    has_splits = "train" in in_splits or all(in_splits)  # without train, it is there to be scored on
    for index, folder in zip(texts, folders, strict=True):
        name = tree.names[index]
        below = folder[depth:]
        split = "train"
        if has_splits:
            split, below = (_split(below[0]) if below else "") or "", below[1:]
        if not split or not below:
            collector.problems.add(
                "text lies in no class folder and is left out",
                "texts lie in no class folder and are left out",
                name,
            )
            continue
        try:
            content = decoded(tree.read(index), name, options.encoding)
        except UserError as error:
            collector.problems.add(
                "file cannot be read and is left out", "files cannot be read and are left out", str(error)
            )
            continue
        collector.problems.note_decoding(content, name)
        collector.add(split, name, name, content.text, below[0])
    return collector.dataset(": put the texts of each class in a folder that is called as the class")


def _split(folder: str) -> str | None:
    return SPLIT_WORDS.get(folder.lower())


def _wrapper_depth(folders: Sequence[Sequence[str]]) -> int:
    """How many folders there are around the class folders or the splits."""
    depth = 0
    while all(len(folder) >= depth + 2 for folder in folders):
        first = {folder[depth] for folder in folders}
        if len(first) > 1 or _split(next(iter(first))):
            break
        depth += 1
    return depth
