"""What folders of images stand for: splits, classes, or something else that is refused or said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from suite import UserError
from suite.data import Problem
from suite.kit import counted, some, split_of_name

_IMAGE_ROLES = frozenset({"images", "image", "imgs", "img", "jpegimages", "inputs", "input", "data"})
_MASK_ROLES = frozenset(
    {
        "masks", "mask", "labels", "label", "annotations", "annotation", "annots", "gt", "groundtruth",
        "truth", "segmentation", "segmentations", "seg", "segmaps", "segmentationclass",
        "segmentationobject", "targets", "target",
    }
)  # fmt: skip
"""What folders of images are called that are not for classes but for what is to be done with them."""

_WORDS = re.compile(r"[^\W\d_]+")

Folder = list[str]
"""The names on the way to a folder; empty for the top."""


@dataclass(frozen=True)
class Layout:
    """What each folder of images stands for.

    Attributes:
        splits: train, validation or test; None if the images of the folder are left out.
        labels: the class; "" if left out.
        problems: what is odd.
    """

    splits: list[str | None]
    labels: list[str]
    problems: list[Problem] = field(default_factory=list)


def layout_of(
    path: Path, folders: Sequence[Folder], without_images: Sequence[Folder] = (), hint: str = ""
) -> Layout:
    """Tell splits and classes by the names of folders and how they lie in each other.

    Splits are folders called after one (see `suite.kit.split_of_name`), above the classes or below them. A
    folder around all of it is passed through, and so is one around the classes of a split that is called as
    the split, or "images". Folders below a class belong to it.

    Args:
        path: how a message calls the data.
        folders: those with images in them.
        without_images: others, among which empty classes may be.
        hint: the end of the message if there are no classes: what else may be done.

    Raises:
        UserError: if the folders are called after splits, but have no classes; if they are those of images
            and masks; if two are called after the same split.
    """
    depth = _wrapper_depth(folders)
    paths = [folder[depth:] for folder in folders]
    tops = _tops(path, paths)
    if tops:
        splits = [tops.get(folder[0]) if folder else None for folder in paths]
        paths = _unwrapped([folder[1:] for folder in paths], splits)
    elif _classes_above_splits(paths):
        splits = [split_of_name(folder[1], whole=True) for folder in paths]
        paths = [[folder[0], *folder[2:]] for folder in paths]
    else:
        splits = ["train"] * len(paths)
    splits = [split if folder else None for split, folder in zip(splits, paths, strict=True)]
    labels = [folder[0] if split else "" for split, folder in zip(splits, paths, strict=True)]
    classes = sorted(set(labels) - {""})
    _refuse_other_meanings(path, classes, folders, hint)
    problems = [*_classes_called_as_splits(classes), *_merged(labels, paths)]
    problems += _without_images(classes, tops, [folder[depth:] for folder in without_images])
    return Layout(splits, labels, problems)


def splits_of_folders(path: Path, folders: Sequence[Folder]) -> list[str | None]:
    """The split of each folder, for images that need no folders of classes.

    Args:
        path: how a message calls the data.
        folders: those with images in them.

    Raises:
        UserError: if there are folders called after splits, but none for training.
    """
    found = [
        next((split for name in folder if (split := split_of_name(name, whole=True))), None)
        for folder in folders
    ]
    if any(found) and "train" not in found:
        raise UserError(f"{path} has no folder for training, only {some(sorted(set(filter(None, found))))}")
    return list(found) if any(found) else ["train"] * len(found)


def _words(name: str) -> set[str]:
    return set(map(str.lower, _WORDS.findall(name)))


def _wrapper_depth(folders: Sequence[Folder]) -> int:
    """How many folders there are around the class folders or the splits."""
    depth = 0
    while True:
        if any(len(folder) < depth + 2 for folder in folders):
            return depth
        first = {folder[depth] for folder in folders}
        if len(first) > 1 or split_of_name(first.pop(), whole=True):
            return depth
        depth += 1


def _tops(path: Path, paths: Sequence[Folder]) -> dict[str, str]:
    """The split of each folder at the top that is called after one; empty if they are classes.

    A folder `train` with images and no folders in it is a class (of vehicles, say), and one that is called
    `train_station` is a split only beside another one called like a split.
    """
    above = {folder[0] for folder in paths if len(folder) >= 2}
    others = {folder[0] for folder in paths if folder} - above
    for whole in (True, False):
        split_of = {name: split for name in sorted(above) if (split := split_of_name(name, whole=whole))}
        found = set(split_of.values())
        only = not (above | others) - split_of.keys()
        if found and ("train" in found or only) and (whole or len(found) > 1):
            for split in found:
                same = [name for name, named_split in split_of.items() if named_split == split]
                if len(same) > 1:
                    raise UserError(f"{path} has more than one folder for the {split} split: {some(same)}")
            return split_of
    return {}


def _classes_above_splits(paths: Sequence[Folder]) -> bool:
    """Whether every class has folders called after splits, train among them, and nothing else."""
    if not all(len(folder) >= 2 and split_of_name(folder[1], whole=True) for folder in paths):
        return False
    train = {folder[0] for folder in paths if split_of_name(folder[1], whole=True) == "train"}
    return len(train) > 1 and train == {folder[0] for folder in paths}


def _unwrapped(paths: Sequence[Folder], splits: Sequence[str | None]) -> list[Folder]:
    """Without the folder that all classes of a split lie in, if it is called as a split or "images"."""
    found = list(paths)
    for split in dict.fromkeys(splits):
        own = [number for number, other in enumerate(splits) if split and other == split]
        while own and all(len(found[number]) >= 2 for number in own):
            first = {found[number][0] for number in own}
            if len(first) > 1:
                break
            name = first.pop()
            if split_of_name(name) != split and name.lower() not in _IMAGE_ROLES:
                break
            for number in own:
                found[number] = found[number][1:]
    return found


def _refuse_other_meanings(path: Path, classes: Sequence[str], folders: Sequence[Folder], hint: str) -> None:
    """Refuse classes that are called after splits, or after what images and masks are for."""
    named = [name for name in classes if split_of_name(name)]
    if named and named == list(classes) and (len(named) > 1 or split_of_name(named[0], whole=True)):
        named.sort(key=lambda name: split_of_name(name) != "train")
        raise UserError(
            f"{path}: {some(named)} {'is' if len(named) == 1 else 'are'} called after splits of the data, but"
            f" there are no folders of classes in {'it' if len(named) == 1 else 'them'}. Put the images of"
            f" each class in a folder of its own, {named[0]}/CLASS, or name the classes in a table with a"
            f" path and a label for each image{hint}"
        )
    roles = {name: _words(name) for name in classes}
    if (
        len(classes) > 1
        and all(words & (_IMAGE_ROLES | _MASK_ROLES) or split_of_name(name) for name, words in roles.items())
        and any(words & _IMAGE_ROLES for words in roles.values())
        and any(words & _MASK_ROLES for words in roles.values())
    ):
        listed = some(sorted({"/".join(folder) for folder in folders if folder}))
        raise UserError(
            f"{path}: folders called {some(list(classes))} hold images and what belongs to them (masks,"
            f" annotations), not classes: there is {listed}. This task needs a folder per class"
        )


def _classes_called_as_splits(classes: Sequence[str]) -> list[Problem]:
    named = [name for name in classes if split_of_name(name, whole=True)]
    what = ("folder is read as a class, although it is", "folders are read as classes, although they are")
    if not named:
        return []
    return [Problem(f"{counted(len(named), *what)} called after a split of the data", named, wrong=False)]


def _merged(labels: Sequence[str], paths: Sequence[Folder]) -> list[Problem]:
    """What lies in several folders of one class, and folders of masks among them."""
    lower: dict[str, set[str]] = {}
    for label, folder in zip(labels, paths, strict=True):
        if label:
            lower.setdefault(label, set()).add("/".join(folder))
    merged = sorted(name for folders in lower.values() if len(folders) > 1 for name in folders if "/" in name)
    roles = _MASK_ROLES - {"label", "labels"}
    masks = [name for name in merged if _words(name.rpartition("/")[2]) & roles]
    problems = []
    if masks:
        what = counted(len(masks), "folder is called", "folders are called")
        problems.append(Problem(f"{what} as if of masks, and read as images of the class above", masks))
    if rest := sorted(set(merged) - set(masks)):
        what = counted(len(rest), "folder below a class belongs to it", "folders below a class belong to it")
        problems.append(Problem(what, rest, wrong=False))
    return problems


def _without_images(
    classes: Sequence[str], tops: Mapping[str, str], others: Sequence[Folder]
) -> list[Problem]:
    """Folders beside those of classes that hold no image: empty classes."""
    empty = set()
    for folder in others:
        below = folder[1:] if tops and folder and folder[0] in tops else folder
        if len(below) == 1 and below[0] not in classes and not (tops and below is folder):
            empty.add("/".join(folder))
    if not empty:
        return []
    what = counted(len(empty), "folder holds no image", "folders hold no image")
    return [Problem(f"{what}, so there is no class of its name", sorted(empty))]
