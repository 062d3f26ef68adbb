"""The loaders `folder` (a folder per class, also in an archive) and `table` (rows of path and label)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLITS, counted, some
from suite.sources import Tree, is_archive, open_tree
from suite_image_classification.examples import ImageExamples, assemble
from suite_image_classification.options import FolderOptions, TableOptions
from suite_image_classification.tables import TABLE_SUFFIXES, read_tables, tables_at
from suite_images.headers import KNOWN
from suite_images.listing import is_image


def detect_folder(path: Path) -> bool:
    """Whether `path` is an archive, or a folder without a table called train."""
    return not tables_at(path) if path.is_dir() else is_archive(path)


def detect_table(path: Path) -> bool:
    """Whether `path` is a table (.csv, .tsv, .jsonl), or a folder with one called train."""
    return bool(tables_at(path))


def load_table(path: Path, options: TableOptions) -> Dataset:
    """Load the images that a table lists, or a folder's tables called train, validation and test.

    Raises:
        UserError: where a column is missing, a row has no label or no file, or the table cannot be read;
            the message has the line.
    """
    return read_tables(path, options)


def load_folder(path: Path, options: FolderOptions) -> Dataset:
    """Load images that lie in a folder per class.

    Parts are folders called train, validation (val, valid, dev) and test above the class folders. A folder
    around all of it, as archives often have, is passed through. Folders below a class belong to it.

    Args:
        path: a folder or an archive.
        options: it has none.

    Raises:
        UserError: where there are no images, no class folders, only one class, or a class without
            training images.
    """
    del options
    tree = open_tree(path)
    problems = list(tree.problems)
    indices, folder_of, folders = _images(path, tree, problems)
    if not indices:
        raise UserError(
            f"{path} is empty: put the images of each class in a folder that is called as the class"
            if not len(tree)
            else f"{path} holds no images ({KNOWN}), only files like {some(tree.names)}"
        )
    split = [folder.split("/") if folder else [] for folder in folders]
    depth = _wrapper_depth(split)
    split = [folder[depth:] for folder in split]
    part_folders = _part_folders(path, split)

    classes: dict[str, int] = {}
    # For each folder the number of its part, or -1 where its images are left out, and of its class.
    names = ["train", "validation", "test"]
    part_of = np.full(len(folders), -1)
    class_of = np.zeros(len(folders), np.int64)
    for number, folder in enumerate(split):
        part = part_folders.get(folder[0]) if folder and part_folders else "train"
        below = folder[1:] if part_folders else folder
        if part and below:
            part_of[number] = names.index(part)
            class_of[number] = classes.setdefault(below[0], len(classes))

    images, folder_of_image = np.array(indices, np.int64), np.array(folder_of, np.int64)
    hint = _hint_at_table(tree)
    if left_out := images[part_of[folder_of_image] < 0].tolist():
        listed = some([tree.names[index] for index in left_out[:4]] + [""] * (len(left_out) - 4))
        if not classes:
            raise UserError(
                f"{path} holds images, but not in a folder per class: {listed}. Put each in a folder that"
                f" is called as its class{hint}"
            )
        lie = counted(len(left_out), "image lies", "images lie")
        problems.append(f"{lie} in no class folder, left out: {listed}")
    parts = {}
    for number, name in enumerate(names):
        chosen = part_of[folder_of_image] == number
        if chosen.any():
            kinds = class_of[folder_of_image[chosen]]
            parts[name] = ImageExamples(tree, images[chosen], list(classes), kinds)
    return assemble(path, parts, problems, hint=hint)


def _images(path: Path, tree: Tree, problems: list[str]) -> tuple[list[int], list[int], list[str]]:
    """The files that are images by their ending, the number of each one's folder, and the folders."""
    indices: list[int] = []
    folder_of: list[int] = []
    folders: dict[str, int] = {}
    others: list[str] = []
    unnamed: list[str] = []
    for index, name in enumerate(tree.names):
        if not is_image(name):
            others.append(name)
        elif not name.isascii() and not _is_text(name):
            unnamed.append(name.encode("utf-8", "backslashreplace").decode())
        else:
            indices.append(index)
            folder_of.append(folders.setdefault(name.rpartition("/")[0], len(folders)))
    if others:
        files = counted(len(others), "file is no image", "files are no images")
        problems.append(f"{files} by the ending: {some(others)}")
    if unnamed:
        files = counted(len(unnamed), "file has a name that is", "files have names that are")
        problems.append(f"{files} not UTF-8, left out: {some(unnamed)}")
    return indices, folder_of, list(folders)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrapper_depth(folders: Sequence[Sequence[str]]) -> int:
    """How many folders there are around the class folders or the parts."""
    depth = 0
    while True:
        if any(len(folder) < depth + 2 for folder in folders):
            return depth
        first = {folder[depth] for folder in folders}
        if len(first) > 1 or first.pop().lower() in SPLITS:
            return depth
        depth += 1


def _part_folders(path: Path, folders: Sequence[Sequence[str]]) -> dict[str, str]:
    """The part that each folder at the top stands for; empty where the top is classes.

    A folder `train` with images and no folders in it is a class (of vehicles, say).
    """
    found = {
        folder[0]: SPLITS[folder[0].lower()]
        for folder in folders
        if len(folder) >= 2 and folder[0].lower() in SPLITS
    }
    others = {folder[0] for folder in folders if folder} - found.keys()
    if "train" not in found.values():
        if found and not others:
            raise UserError(f"{path} has no folder 'train', only {some(sorted(found))}")
        return {}
    for part in found.values():
        same = sorted(name for name, stands_for in found.items() if stands_for == part)
        if len(same) > 1:
            raise UserError(f"{path} has more than one folder for the {part} part: {some(same)}")
    return found


def _hint_at_table(tree: Tree) -> str:
    tables = [name for name in tree.names if name.lower().endswith(TABLE_SUFFIXES)]
    return f". Or, if {some(tables[:1])} says what they show, give the path of that table" if tables else ""
