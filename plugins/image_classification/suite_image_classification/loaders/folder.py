"""The loader `folder`: a folder per class, also in an archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLITS, counted, some
from suite.sources import Tree, is_archive, open_tree
from suite_image_classification.examples import SPLIT_NAMES, ImageExamples, labeled_dataset
from suite_image_classification.loaders.table import TABLE_SUFFIXES, tables_at
from suite_image_classification.options import FolderOptions
from suite_images.headers import KNOWN
from suite_images.listing import is_image


def detect(path: Path) -> bool:
    """Whether `path` is an archive, or a folder without a table called train."""
    return not tables_at(path) if path.is_dir() else is_archive(path)


def load(path: Path, options: FolderOptions) -> Dataset:
    """Load images that lie in a folder per class.

    Splits are folders called train, validation (val, valid, dev) and test above the class folders. A folder
    around all of it, as archives often have, is passed through. Folders below a class belong to it.

    Args:
        path: a folder or an archive.
        options: the loader has none.

    Raises:
        UserError: if there are no images or no class folders, only one class, or a class without training
            images.
    """
    del options
    tree = open_tree(path)
    problems = list(tree.problems)
    indices, folder_of, folders = _images(path, tree, problems)
    if not indices:
        raise UserError(
            f"{path} is empty: put the images of each class in a folder with the name of the class"
            if not len(tree)
            else f"{path} holds no images ({KNOWN}), only files like {some(tree.names)}"
        )
    paths = [folder.split("/") if folder else [] for folder in folders]
    depth = _wrapper_depth(paths)
    paths = [folder[depth:] for folder in paths]
    split_folders = _split_folders(path, paths)

    classes: dict[str, int] = {}
    # For each folder the number of its split, or -1 if its images are left out, and of its class.
    split_of = np.full(len(folders), -1)
    class_of = np.zeros(len(folders), np.int64)
    for number, folder in enumerate(paths):
        split = split_folders.get(folder[0]) if folder and split_folders else "train"
        below = folder[1:] if split_folders else folder
        if split and below:
            split_of[number] = SPLIT_NAMES.index(split)
            class_of[number] = classes.setdefault(below[0], len(classes))

    images, folder_of_image = np.array(indices, np.int64), np.array(folder_of, np.int64)
    hint = _hint_at_table(tree)
    if left_out := images[split_of[folder_of_image] < 0].tolist():
        listed = some([tree.names[index] for index in left_out[:4]] + [""] * (len(left_out) - 4))
        if not classes:
            raise UserError(
                f"{path} holds images, but not in a folder per class: {listed}. Put each in a folder"
                f" with the name of its class{hint}"
            )
        lie = counted(len(left_out), "image lies", "images lie")
        problems.append(f"{lie} in no class folder, left out: {listed}")
    splits = {}
    for number, name in enumerate(SPLIT_NAMES):
        chosen = split_of[folder_of_image] == number
        if chosen.any():
            kinds = class_of[folder_of_image[chosen]]
            splits[name] = ImageExamples(tree, images[chosen], list(classes), kinds)
    return labeled_dataset(path, splits, problems, hint=hint)


def _images(path: Path, tree: Tree, problems: list[str]) -> tuple[list[int], list[int], list[str]]:
    """The files that are images by their ending, the number of the folder of each, and the folders."""
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
    """How many folders there are around the class folders or the splits."""
    depth = 0
    while True:
        if any(len(folder) < depth + 2 for folder in folders):
            return depth
        first = {folder[depth] for folder in folders}
        if len(first) > 1 or first.pop().lower() in SPLITS:
            return depth
        depth += 1


def _split_folders(path: Path, folders: Sequence[Sequence[str]]) -> dict[str, str]:
    """The split of each folder at the top; empty if the folders at the top are classes.

    A folder `train` with images and no folders in it is a class (of vehicles, say).
    """
    split_of = {
        folder[0]: SPLITS[folder[0].lower()]
        for folder in folders
        if len(folder) >= 2 and folder[0].lower() in SPLITS
    }
    others = {folder[0] for folder in folders if folder} - split_of.keys()
    if "train" not in split_of.values():
        if split_of and not others:
            raise UserError(f"{path} has no folder 'train', only {some(sorted(split_of))}")
        return {}
    for split in split_of.values():
        same = sorted(name for name, named_split in split_of.items() if named_split == split)
        if len(same) > 1:
            raise UserError(f"{path} has more than one folder for the {split} split: {some(same)}")
    return split_of


def _hint_at_table(tree: Tree) -> str:
    tables = [name for name in tree.names if name.lower().endswith(TABLE_SUFFIXES)]
    return f". Or, if {some(tables[:1])} says what they show, give the path of that table" if tables else ""
