"""The ids that COCO files beside predicted images give these images and the classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.kit import NotJsonError, decode_json
from suite.sources import read_file

_LEVELS = 3
"""How many folders, from that of an image upwards, are looked through: COCO files lie in or above it."""


class _Image(msgspec.Struct):
    id: int | str
    file_name: str


class _Category(msgspec.Struct):
    id: int | str
    name: str


class _Coco(msgspec.Struct):
    """What is read of a COCO file; annotations are passed over."""

    images: list[_Image]
    categories: list[_Category] = []


class CocoIds:
    """Looks up ids in COCO files that are in the folder of an image or above it, or there in `annotations`.

    The nearest folder with a file that names the image counts.
    """

    def __init__(self) -> None:
        self._found: dict[Path, dict[Path, tuple[dict[str, int | str], dict[str, int | str]]]] = {}

    def of_image(self, name: str) -> tuple[int | str, Mapping[str, int | str]] | None:
        """The id of an image and those of the categories by their names; None if no file names the image.

        Args:
            name: the image's path; anything else has no ids.

        Raises:
            suite.UserError: if two files of a folder give the image different ids.
        """
        path = Path(name)
        if not path.is_file():
            return None
        path = path.absolute()
        for folder in path.parents[:_LEVELS]:
            ids: dict[int | str, tuple[Path, dict[str, int | str]]] = {}
            for file, (images, categories) in self._files(folder).items():
                for own in _suffixes(path):
                    if own in images:
                        ids.setdefault(images[own], (file, categories))
                        break
            if len(ids) > 1:
                (first, (one, _)), (second, (other, _)) = list(ids.items())[:2]
                raise UserError(
                    f"{name} is image {first!r} in {one} and image {second!r} in {other}: move one of the two"
                    " files elsewhere, so that it is clear whose ids count"
                )
            if ids:
                ((found, (_, named)),) = ids.items()
                return found, named
        return None

    def _files(self, folder: Path) -> dict[Path, tuple[dict[str, int | str], dict[str, int | str]]]:
        """Per COCO file in a folder the ids of images by file name, and those of categories by name."""
        if folder not in self._found:
            self._found[folder] = {}
            for file in [*sorted(folder.glob("*.json")), *sorted((folder / "annotations").glob("*.json"))]:
                content = _read(file)
                if content is not None:
                    images = {image.file_name.replace("\\", "/"): image.id for image in content.images}
                    categories = {category.name: category.id for category in content.categories}
                    self._found[folder][file] = images, categories
        return self._found[folder]


def _suffixes(path: Path) -> Iterator[str]:
    """`kitchen/cat.jpg`'s names as a COCO file may have them: the longest first."""
    parts = path.parts[-4:]
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def _read(file: Path) -> _Coco | None:
    """The content of a COCO file; None for any other JSON."""
    try:
        content = read_file(file)
        # Predictions and settings are no COCO files, and need not be read through.
        if not content[:4096].lstrip().startswith(b"{") or b'"file_name"' not in content:
            return None
        decoded: _Coco = decode_json(content, _Coco)
    except (UserError, NotJsonError):
        return None
    return decoded


def ids_of(facts: Mapping[str, Any]) -> dict[str, int | str]:
    """The number of each class: as the training data numbered them, which facts omit if it did so from 0."""
    classes = facts["classes"]
    numbers = facts.get("category_ids") or range(len(classes))
    return dict(zip(classes, numbers, strict=True))
