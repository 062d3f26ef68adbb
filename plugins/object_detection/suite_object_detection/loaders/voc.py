"""Pascal VOC's XML: a file per image, and lists of names for the splits.

The format is that of the VOC2012 development kit, section 3 (Everingham and Winn, 2012): `Annotations`,
`JPEGImages`, `ImageSets/Main`. Files in folders called after splits, or beside their images, are read too.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import msgspec

from suite import UserError
from suite.data import Dataset
from suite.sources import Source, Tree, is_archive, open_tree
from suite_images.listing import is_image
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.image_by_image import ImageByImage
from suite_object_detection.loaders.shapes import around, around_turned
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.loaders.xml import Element, read_xml, text_of
from suite_object_detection.options import VocOptions

_LISTS = {"train": "train", "val": "validation", "test": "test"}
_MAX_LOOKED_INTO = 20
_ROOT = re.compile(rb"<annotation[\s>]", re.IGNORECASE)


def detect(path: Path) -> bool:
    """Whether `path` is a folder or an archive with annotations in XML."""
    if path.is_file() and not is_archive(path):
        return False
    tree = open_tree(path)
    return any(_ROOT.search(head_of(tree.source(file), 4096)) for file in _files(tree)[:_MAX_LOOKED_INTO])


def load(path: Path, options: VocOptions) -> Dataset:
    """Load images with an XML each.

    The splits are the lists train, val and test in `ImageSets/Main` (trainval if there is no train), else
    folders called after splits, else there is one.

    Args:
        path: a folder or an archive.
        options: what becomes of difficult boxes, and where pixels are counted from.

    Raises:
        UserError: if there is no annotation, one is broken or must not be trained on.
    """
    return _Reader(path, open_tree(path), options).read()


def _files(tree: Tree) -> list[int]:
    return [file for file, name in enumerate(tree.names) if name.lower().endswith(".xml")]


class _Reader(ImageByImage):
    def __init__(self, path: Path, tree: Tree, options: VocOptions) -> None:
        super().__init__(path, tree)
        self.options = options
        self.unannotated: list[tuple[str, int]] = []

    def read(self) -> Dataset:
        annotations = self.annotations
        files = _files(self.tree)
        if not files:
            raise UserError(
                f"{self.path} has no annotations of Pascal VOC: an XML for each image, of the same name,"
                " beside it or in a folder Annotations"
            )
        splits = self._splits_by_lists(files)
        listed = bool(splits)
        splits = splits or self.splits_by_folders(files)
        used = {image for _, image in self.add_files(splits)}
        unannotated = [(split, image) for split, image in self.unannotated if image not in used]
        self.add_unannotated(unannotated if listed else self.beside(splits, used), self.options.unlabeled)
        first_pixel = self.options.first_pixel
        if first_pixel == "auto":
            corners = annotations.corners
            first_pixel = "0" if ((corners >= 0) & (corners < 1)).any() else "1"
        return annotations.dataset(
            first_pixel=int(first_pixel),
            options=msgspec.structs.replace(self.options, first_pixel=first_pixel),
        )

    def add_file(self, file: int, split: str, used: Collection[tuple[str, int]]) -> int | None:
        name = self.tree.names[file]
        root = read_xml(self.tree.source(file))
        if root.tag != "annotation":
            what = f"its root is <{root.tag}>, not <annotation>"
            raise UserError(f"{name} is no annotation of Pascal VOC: {what}")
        image = self._image(name, root, split)
        if image is not None and (split, image) not in used:
            self._add(split, image, name, root)
        return image

    def _splits_by_lists(self, files: list[int]) -> dict[str, list[int]]:
        """The annotations of each split as `ImageSets/Main` lists them; empty if it lists none."""
        tree = self.tree
        splits: dict[str, list[int]] = {}
        listed: set[int] = set()
        missing: list[str] = []
        for top, by_list in self._lists().items():
            if "train" not in by_list and "trainval" in by_list:
                others = {name for key in ("val", "test") for name in by_list.get(key, ())}
                by_list["train"] = [name for name in by_list["trainval"] if name not in others]
            known = self._by_entry(top, files)
            for stem, split in _LISTS.items():
                for entry in dict.fromkeys(map(_without_ending, by_list.get(stem, ()))):
                    file = known.get(entry)
                    image = None
                    if file is None:
                        image = self.images.with_stem(entry.rpartition("/")[2], top, split)
                    if image is not None:
                        self.unannotated.append((split, image))
                    elif file is None:
                        missing.append(f"{stem}.txt: {entry}")
                    else:
                        splits.setdefault(split, []).append(file)
                        listed.add(file)
        if not splits:
            return {}
        unlisted = [tree.names[file] for file in files if file not in listed]
        self.annotations.problem(
            missing,
            "name of ImageSets/Main has neither annotation nor image, left out",
            "names of ImageSets/Main have neither annotation nor image, left out",
        )
        self.annotations.problem(
            unlisted,
            "annotation is in no list of ImageSets/Main, left out",
            "annotations are in no list of ImageSets/Main, left out",
        )
        return splits

    def _lists(self) -> dict[str, dict[str, list[str]]]:
        """The names that each list has, by the folder around `ImageSets` and the list's name."""
        lists: dict[str, dict[str, list[str]]] = {}
        for file, name in enumerate(self.tree.names):
            folder, _, base = name.rpartition("/")
            stem, _, suffix = base.lower().rpartition(".")
            if (
                suffix == "txt"
                and folder.lower().endswith("imagesets/main")
                and stem in (*_LISTS, "trainval")
            ):
                top = folder[: -len("imagesets/main")]
                lists.setdefault(top, {})[stem] = _names(self.tree.source(file))
        return lists

    def _by_entry(self, top: str, files: list[int]) -> dict[str, int]:
        """The annotations below a folder by what a list may call them: their path or their name."""
        known: dict[str, int] = {}
        for file in files:
            name = self.tree.names[file]
            if name.startswith(top):
                below = name[len(top) : -len(".xml")]
                known.setdefault(below.rpartition("/")[2], file)
                while "/" in below:
                    below = below.partition("/")[2]
                    known.setdefault(below, file)
        return known

    def _image(self, name: str, root: Element, split: str) -> int | None:
        folder, _, base = name.rpartition("/")
        written = text_of(root, "filename")
        image = self.images.with_stem(base[: -len(".xml")], folder, split, written or "")
        if image is None and written:
            image = self.images.named(written, folder, split)
        return image

    def _add(self, split: str, image: int, name: str, root: Element) -> None:
        annotations = self.annotations
        number = annotations.image(split, image, name, _size(root))
        for item in root.findall("object"):
            label = text_of(item, "name")
            if not label:
                annotations.refusals.append(f"{name}, line {item.sourceline}: the object has no name")
                continue
            try:
                line, corners = _corners(item)
            except UserError as error:
                annotations.refusals.append(f"{name}, {error}")
                continue
            difficult = text_of(item, "difficult") not in (None, "", "0", "false", "False")
            annotations.box(number, corners, label, line, crowd=difficult)


_EDGES = ("xmin", "ymin", "xmax", "ymax")
_TURNED = ("cx", "cy", "w", "h", "angle")


def _corners(item: Element) -> tuple[int, tuple[float, ...]]:
    """The line and the corners of an object's box: its bndbox, else what is around its outline.

    Outlines are polygons of x1, y1, x2, ... (Roboflow) or of points (LabelMe's web tool), and the turned
    boxes of roLabelImg (robndbox), whose angle is in radians.

    Raises:
        UserError: if it has none of these, or one that is not of numbers; the message begins with the line.
    """
    for tag in ("bndbox", "robndbox", "polygon"):
        shape = item.find(tag)
        if shape is None:
            continue
        line = shape.sourceline
        try:
            if tag == "bndbox":
                return line, tuple(float(text_of(shape, key) or "") for key in _EDGES)
            if tag == "robndbox":
                return line, around_turned(*(float(text_of(shape, key) or "") for key in _TURNED))
            x, y = ([float(item.text or "") for item in shape.iter() if _is(item, axis)] for axis in "xy")
            return line, around(x, y)
        except ValueError:
            what = "xmin, ymin, xmax and ymax" if tag == "bndbox" else "coordinates"
            raise UserError(f"line {line}: the {tag} has no {what} that are numbers") from None
    raise UserError(f"line {item.sourceline}: the object has no bndbox")


def _is(element: Element, axis: str) -> bool:
    """Whether an element is a coordinate: x, x1, x2, ..."""
    return re.fullmatch(axis + r"\d*", element.tag) is not None


def _size(root: Element) -> tuple[int, int] | None:
    size = root.find("size")
    return None if size is None else written_size(text_of(size, "height"), text_of(size, "width"))


def _without_ending(name: str) -> str:
    return name.rpartition(".")[0] if name.lower().endswith(".xml") or is_image(name) else name


def _names(source: Source) -> list[str]:
    """The names of a list: the first word of each line."""
    try:
        lines = source.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{source.name} is no list of names in UTF-8") from None
    return [line.split()[0] for line in lines if line.strip()]
