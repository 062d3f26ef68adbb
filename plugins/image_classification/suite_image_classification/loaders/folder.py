"""The loader `folder`: a folder per class, also in an archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import SPLIT_NAMES, counted, holds_files_of, some
from suite.sources import Tree, is_archive, open_tree
from suite_image_classification.examples import ImageExamples, labeled_dataset
from suite_image_classification.loaders.file_names import hint_at_names, labels_of_names, masks
from suite_image_classification.loaders.folder_layout import layout_of, splits_of_folders
from suite_image_classification.loaders.table_files import PLAIN_SUFFIXES, tables_at
from suite_image_classification.options import FolderOptions
from suite_images.headers import KNOWN
from suite_images.listing import is_image
from suite_images.packed import PACKED_IMAGES


def detect(path: Path) -> bool:
    """Whether `path` is an archive, or a folder without tables of images."""
    if path.is_dir():
        return not tables_at(path) and not holds_files_of(path, PACKED_IMAGES)
    return is_archive(path)


def load(path: Path, options: FolderOptions) -> Dataset:
    """Load images that lie in a folder per class.

    Splits are folders called after one ("train", "val", "test_set", ...), above the class folders or below
    them. A folder around all of it, as archives often have, is passed through. Folders below a class belong
    to it.

    Args:
        path: a folder or an archive.
        options: which classes are read.

    Raises:
        UserError: if there are no images or no class folders, the folders are no classes, or a class has no
            training images.
    """
    tree = open_tree(path)
    problems = list(tree.problems)
    found = _images(tree, problems)
    if not found.indices:
        raise UserError(
            f"{path} is empty: put the images of each class in a folder with the name of the class"
            if not len(tree)
            else f"{path} holds no images ({KNOWN}), only files like {some(tree.names)}"
        )
    hint = _hint_at_table(tree)
    names = [tree.names[index].rpartition("/")[2] for index in found.indices]
    folders = [_parts(folder) for folder in found.folders]
    if options.class_pattern:
        labels = labels_of_names(names, options.class_pattern)
        splits = splits_of_folders(path, folders)
        left_out = "image is called as loader.class_pattern does not fit, left out"
        left_outs = "images are called as loader.class_pattern does not fit, left out"
    else:
        hint += hint_at_names(names)
        others = {name.rpartition("/")[0] for name in found.others} - set(found.folders)
        layout = layout_of(path, folders, [_parts(name) for name in {*others, *tree.empty_folders}], hint)
        problems += layout.problems
        labels, splits = [layout.labels[folder] for folder in found.folder_of], layout.splits
        left_out = "image lies in no class folder, left out"
        left_outs = "images lie in no class folder, left out"
    classes = {label: number for number, label in enumerate(dict.fromkeys(filter(None, labels)))}
    kinds = np.array([classes.get(label, -1) for label in labels])
    split_numbers = np.array([-1 if split is None else SPLIT_NAMES.index(split) for split in splits])
    split_of = np.where(kinds < 0, -1, split_numbers[np.array(found.folder_of)])
    images = np.array(found.indices, np.int64)
    if unused := [tree.names[index] for index in images[split_of < 0]]:
        if not classes:
            raise UserError(
                f"{path}: no file's name fits loader.class_pattern, '{options.class_pattern}': {some(unused)}"
                if options.class_pattern
                else f"{path} holds images, but not in a folder per class: {some(unused)}. Put each in a"
                f" folder with the name of its class{hint}"
            )
        problems.append(Problem(counted(len(unused), left_out, left_outs), unused))
    chosen = {name: split_of == number for number, name in enumerate(SPLIT_NAMES)}
    examples = {
        name: ImageExamples(tree, images[own], list(classes), kinds[own])
        for name, own in chosen.items()
        if own.any()
    }
    return labeled_dataset(path, examples, problems, hint=hint, options=options)


def _parts(folder: str) -> list[str]:
    return folder.split("/") if folder else []


@dataclass
class _Found:
    """The images of a tree.

    Attributes:
        indices: of the files that are images by their ending.
        folder_of: for each of them the number of its folder.
        folders: their folders.
        others: the names of the other files.
    """

    indices: list[int] = field(default_factory=list)
    folder_of: list[int] = field(default_factory=list)
    folders: dict[str, int] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def _images(tree: Tree, problems: list[str]) -> _Found:
    found = _Found()
    unnamed: list[str] = []
    for index, name in enumerate(tree.names):
        if not is_image(name):
            found.others.append(name)
        elif not name.isascii() and not _is_text(name):
            unnamed.append(name.encode("utf-8", "backslashreplace").decode())
        else:
            folder = name.rpartition("/")[0]
            found.indices.append(index)
            found.folder_of.append(found.folders.setdefault(folder, len(found.folders)))
    if found.others:
        files = counted(len(found.others), "file is no image", "files are no images")
        problems.append(Problem(f"{files} by the ending", found.others))
    if unnamed:
        files = counted(len(unnamed), "file has a name that is", "files have names that are")
        problems.append(Problem(f"{files} not UTF-8, left out", unnamed))
    if called := masks([tree.names[index] for index in found.indices]):
        files = counted(len(called), "image is called", "images are called")
        problems.append(Problem(f"{files} as if a mask of the image beside it, and read as an image", called))
    return found


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hint_at_table(tree: Tree) -> str:
    tables = [name for name in tree.names if name.lower().endswith((*PLAIN_SUFFIXES, ".xlsx"))]
    return f". Or, if {some(tables[:1])} says what they show, give the path of that table" if tables else ""
