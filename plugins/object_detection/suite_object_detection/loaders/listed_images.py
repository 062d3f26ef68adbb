"""Formats with one file for many images: images by the names in it."""

from __future__ import annotations

import posixpath
from pathlib import Path

from suite.data import Dataset
from suite_object_detection.loaders.annotation_files import AnnotationFile, Opened, refuse_doubled
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.options import BoxOptions


class ListedImages(Annotations):
    """Images that files list by name. An image that a split has twice is one, with all boxes.

    Args:
        path: how a message calls the data.
        opened: the files, and where the images are.
        counted_by: see `Annotations`.
    """

    def __init__(self, path: Path, opened: Opened, *, counted_by: str) -> None:
        super().__init__(path, opened.tree, counted_by=counted_by)
        self.problems += opened.notes
        self._numbers: dict[tuple[str, int], int] = {}
        self._used: set[int] = set()
        self._repeated: list[str] = []
        # The file that lists an image of a split; and images that two files do.
        self._files_of_images: dict[tuple[str, int], str] = {}
        self._doubled: dict[tuple[str, str], list[str]] = {}
        self._shapes: list[str] = []

    def listed(
        self, file: AnnotationFile, name: str, source: str, size: tuple[int, int] | None = None,
        split: str | None = None,
    ) -> int | None:  # fmt: skip
        """Add an image.

        Args:
            file: that lists it.
            name: what it calls the image.
            source: what a message calls where its boxes are written.
            size: height and width as written; None: as the image's header says.
            split: of the image; None is that of the file.

        Returns:
            Its number, for `box`; None if it is not there, which is noted.
        """
        split = split or file.split
        found = self.images.named(name, posixpath.dirname(file.name), split)
        if found is None:
            self.missing(name)
            return None
        self._used.add(found)
        first = self._files_of_images.setdefault((split, found), file.name)
        if first != file.name:
            self._doubled.setdefault((first, file.name), []).append(name)
        elif (split, found) in self._numbers:
            self._repeated.append(name)
        else:
            self._numbers[split, found] = self.image(split, found, source, size)
        return self._numbers[split, found]

    def no_box(self, location: str) -> None:
        """Note a shape that has no box: a point, a line."""
        self._shapes.append(location)

    def checked(self, options: BoxOptions) -> Dataset:
        """The data set of all that was added, after `dataset`'s checks."""
        self.problem(
            self._repeated,
            "image is listed more than once: its boxes are put together",
            "images are listed more than once: their boxes are put together",
        )
        self.problem(
            self._shapes,
            "shape is a point or a line, or of a kind that has no box, left out",
            "shapes are points or lines, or of a kind that has no box, left out",
        )
        refuse_doubled(self, self._doubled)
        self.report_missing()
        beside, _ = self.images.unused(self._used)
        self.problem(
            [self.tree.names[file] for file in beside],
            "image is not listed, left out",
            "images are not listed, left out",
        )
        return self.dataset(options=options)
