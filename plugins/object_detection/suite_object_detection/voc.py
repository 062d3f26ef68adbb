"""Pascal VOC's XML: a file per image, and lists of names for the parts.

The format is that of the VOC2012 development kit, section 3 (Everingham and Winn, 2012): `Annotations`,
`JPEGImages`, `ImageSets/Main`. Files in folders called after parts, or beside their images, are read too.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import some
from suite.sources import Source, Tree, is_archive
from suite_images.listing import is_image
from suite_object_detection.annotations import Annotations
from suite_object_detection.options import VocOptions
from suite_object_detection.places import Files, head_of, opened, part_of_path
from suite_object_detection.xml_elements import Element, read_xml

_LISTS = {"train": "train", "val": "validation", "test": "test"}
_MOST_LOOKED_INTO = 20
_ROOT = re.compile(rb"<annotation[\s>]")


def detect(path: Path) -> bool:
    """Whether `path` is a folder or an archive with annotations in XML."""
    if path.is_file() and not is_archive(path):
        return False
    tree = opened(path)
    return any(
        b"<annotation" in head_of(tree.source(place), 4096).lower()
        for place in _files(tree)[:_MOST_LOOKED_INTO]
    )


def load(path: Path, options: VocOptions) -> Dataset:
    """Load images with an XML each.

    The parts are the lists train, val and test in `ImageSets/Main` (trainval where there is no train), else
    folders called after parts, else there is one.

    Args:
        path: a folder or an archive.
        options: what becomes of difficult boxes, and where pixels are counted from.

    Raises:
        UserError: where there is no annotation, one is broken or must not be trained on.
    """
    return _Reader(path, opened(path), options).read()


def _files(tree: Tree) -> list[int]:
    return [place for place, name in enumerate(tree.names) if name.lower().endswith(".xml")]


class _Reader:
    def __init__(self, path: Path, tree: Tree, options: VocOptions) -> None:
        self.path = path
        self.tree = tree
        self.options = options
        self.images = Files(tree, is_image)
        self.found = Annotations(path, tree)
        self.unannotated: list[tuple[str, int]] = []

    def read(self) -> Dataset:
        tree, found = self.tree, self.found
        files = _files(tree)
        if not files:
            raise UserError(
                f"{self.path} has no annotations of Pascal VOC: an XML for each image, of the same name,"
                " beside it or in a folder Annotations"
            )
        parts = self._parts_by_lists(files)
        listed = bool(parts)
        parts = parts or self._parts_by_folders(files)
        without: list[str] = []
        used: set[tuple[str, int]] = set()
        twice: list[str] = []
        for part, places in parts.items():
            for place in places:
                name = tree.names[place]
                try:
                    root = read_xml(tree.source(place))
                    if root.tag != "annotation":
                        what = f"its root is <{root.tag}>, not <annotation>"
                        raise UserError(f"{name} is no annotation of Pascal VOC: {what}")
                except UserError as error:
                    found.refusals.append(str(error))
                    continue
                image = self._image(name, root, part)
                if image is None:
                    without.append(name)
                elif (part, image) in used:
                    twice.append(name)
                else:
                    used.add((part, image))
                    self._add(part, image, name, root)
        if not used and not found.refusals:
            raise UserError(
                f"{self.path}: none of its {len(without):,} annotations has an image, {some(without)}"
            )
        found.problem(without, "annotation has no image, left out", "annotations have no image, left out")
        found.problem(
            twice,
            "annotation is of an image that has one already, left out",
            "annotations are of images that have one already, left out",
        )
        self._add_background(parts, {image for _, image in used}, listed)
        first = self.options.first_pixel
        if first == "auto":
            corners = found.corners
            first = "0" if ((corners >= 0) & (corners < 1)).any() else "1"
        return found.dataset(first_pixel=int(first))

    def _add_background(self, parts: Collection[str], used: set[int], listed: bool) -> None:
        """Add the images that have no annotation: those of lists, else those beside annotated ones."""
        found, names = self.found, self.tree.names
        if listed:
            images = [(part, place) for part, place in self.unannotated if place not in used]
        else:
            beside, _ = self.images.unused(used)
            images = []
            for place in beside:
                part = part_of_path(names[place]) or "train"
                images.append((part if part in parts else "train", place))
        background = self.options.unlabeled == "background"
        what = "taken as showing no object" if background else "left out"
        found.problem(
            [names[place] for _, place in images],
            f"image has no annotation, {what}",
            f"images have no annotation, {what}",
        )
        if background:
            for part, place in images:
                found.image(part, place, names[place])

    def _parts_by_lists(self, files: list[int]) -> dict[str, list[int]]:
        """The annotations of each part as `ImageSets/Main` lists them; empty where it lists none."""
        tree = self.tree
        lists: dict[str, dict[str, list[str]]] = {}
        for place, name in enumerate(tree.names):
            folder, _, base = name.rpartition("/")
            stem, _, suffix = base.lower().rpartition(".")
            if (
                suffix == "txt"
                and folder.lower().endswith("imagesets/main")
                and stem in (*_LISTS, "trainval")
            ):
                top = folder[: -len("imagesets/main")]
                lists.setdefault(top, {})[stem] = _names(tree.source(place))
        parts: dict[str, list[int]] = {}
        listed: set[int] = set()
        missing: list[str] = []
        for top, by_list in lists.items():
            if "train" not in by_list and "trainval" in by_list:
                others = {name for part in ("val", "test") for name in by_list.get(part, ())}
                by_list["train"] = [name for name in by_list["trainval"] if name not in others]
            known = self._by_entry(top, files)
            for stem, part in _LISTS.items():
                for entry in dict.fromkeys(map(_without_ending, by_list.get(stem, ()))):
                    file = known.get(entry)
                    image = self.images.stemmed(entry.rpartition("/")[2], top, part) if file is None else None
                    if image is not None:
                        self.unannotated.append((part, image))
                    elif file is None:
                        missing.append(f"{stem}.txt: {entry}")
                    else:
                        parts.setdefault(part, []).append(file)
                        listed.add(file)
        if not parts:
            return {}
        unlisted = [tree.names[place] for place in files if place not in listed]
        self.found.problem(
            missing,
            "name of ImageSets/Main has neither annotation nor image, left out",
            "names of ImageSets/Main have neither annotation nor image, left out",
        )
        self.found.problem(
            unlisted,
            "annotation is in no list of ImageSets/Main, left out",
            "annotations are in no list of ImageSets/Main, left out",
        )
        return parts

    def _by_entry(self, top: str, files: list[int]) -> dict[str, int]:
        """The annotations below a folder by what a list may call them: their path or their name."""
        known: dict[str, int] = {}
        for place in files:
            name = self.tree.names[place]
            if name.startswith(top):
                below = name[len(top) : -len(".xml")]
                known.setdefault(below.rpartition("/")[2], place)
                while "/" in below:
                    below = below.partition("/")[2]
                    known.setdefault(below, place)
        return known

    def _parts_by_folders(self, files: list[int]) -> dict[str, list[int]]:
        parts: dict[str, list[int]] = {}
        elsewhere: list[int] = []
        for place in files:
            part = part_of_path(self.tree.names[place])
            (parts.setdefault(part, []) if part else elsewhere).append(place)
        if elsewhere and "train" not in parts:
            parts["train"] = elsewhere
        elif elsewhere:
            self.found.problem(
                [self.tree.names[place] for place in elsewhere],
                "annotation lies in the folder of no part, left out",
                "annotations lie in the folder of no part, left out",
            )
        return parts

    def _image(self, name: str, root: Element, part: str) -> int | None:
        folder, _, base = name.rpartition("/")
        written = root.text_of("filename")
        place = self.images.stemmed(base[: -len(".xml")], folder, part, written or "")
        if place is None and written:
            place = self.images.named(written, folder, part)
        return place

    def _add(self, part: str, image: int, name: str, root: Element) -> None:
        number = self.found.image(part, image, name, _size(root))
        for item in root.all("object"):
            label = item.text_of("name")
            box = item.first("bndbox")
            if not label or box is None:
                what = "name" if not label else "bndbox"
                self.found.refusals.append(f"{name}, line {item.line}: the object has no {what}")
                continue
            try:
                corners = [float(box.text_of(key) or "") for key in ("xmin", "ymin", "xmax", "ymax")]
            except ValueError:
                self.found.refusals.append(
                    f"{name}, line {box.line}: the bndbox has no xmin, ymin, xmax and ymax that are numbers"
                )
                continue
            difficult = item.text_of("difficult") not in (None, "", "0", "false", "False")
            crowd = difficult and self.options.difficult == "ignore"
            self.found.box(number, corners, label, box.line, crowd=crowd)


def _size(root: Element) -> tuple[int, int] | None:
    size = root.first("size")
    try:
        found = [float((size.text_of(side) if size else None) or "") for side in ("height", "width")]
    except ValueError:
        return None
    return (int(found[0]), int(found[1])) if all(0 < side < 1e9 for side in found) else None


def _without_ending(name: str) -> str:
    return name.rpartition(".")[0] if name.lower().endswith(".xml") or is_image(name) else name


def _names(source: Source) -> list[str]:
    """The names of a list: the first word of each line."""
    try:
        lines = source.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{source.name} is no list of names in UTF-8") from None
    return [line.split()[0] for line in lines if line.strip()]
