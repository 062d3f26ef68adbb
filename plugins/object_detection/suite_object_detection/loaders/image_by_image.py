"""Formats with an annotation file for each image: splits by folders, and images without annotation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from suite import UserError
from suite.kit import some
from suite.sources import Tree
from suite_images.file_index import split_of_path
from suite_object_detection.loaders.annotations import Annotations
from suite_object_detection.loaders.splits import grouped


class ImageByImage:
    """Adds images file by file. Derive from it, and give `add_file`.

    Args:
        path: how a message calls the data.
        tree: where images and annotations are.
        counted_by: see `Annotations`.
    """

    def __init__(self, path: Path, tree: Tree, counted_by: str = "line") -> None:
        self.path = path
        self.tree = tree
        self.annotations = Annotations(path, tree, counted_by=counted_by)
        self.images = self.annotations.images

    def add_file(self, file: int, split: str, used: Collection[tuple[str, int]]) -> int | None:
        """Add the image of an annotation file and its boxes.

        Args:
            file: the index of the annotation in the tree.
            split: of it.
            used: the images that have one already, with their splits; do not add these again.

        Returns:
            The image's index in the tree, or None if it is not there.

        Raises:
            UserError: if the file must not be trained on; it is among the refusals then.
        """
        raise NotImplementedError

    def add_files(self, splits: Mapping[str, Iterable[int]]) -> set[tuple[str, int]]:
        """Add the annotations of all splits; the images that have one, with their splits.

        Raises:
            UserError: if none has an image.
        """
        annotations, names = self.annotations, self.tree.names
        without: list[str] = []
        used: set[tuple[str, int]] = set()
        twice: list[str] = []
        for split, files in splits.items():
            for file in files:
                try:
                    image = self.add_file(file, split, used)
                except UserError as error:
                    annotations.refusals.append(str(error))
                    continue
                if image is None:
                    without.append(names[file])
                elif (split, image) in used:
                    twice.append(names[file])
                else:
                    used.add((split, image))
        if not used and not annotations.refusals:
            raise UserError(
                f"{self.path}: none of its {len(without):,} annotations has an image, {some(without)}"
            )
        annotations.problem(
            without, "annotation has no image, left out", "annotations have no image, left out"
        )
        annotations.problem(
            twice,
            "annotation is of an image that has one already, left out",
            "annotations are of images that have one already, left out",
        )
        return used

    def add_unannotated(self, images: Iterable[tuple[str, int]], unlabeled: str) -> None:
        """Add images without annotation, or leave them out, as the option `unlabeled` says."""
        images = list(images)
        background = unlabeled == "background"
        what = "taken as showing no object" if background else "left out"
        self.annotations.problem(
            [self.tree.names[image] for _, image in images],
            f"image has no annotation, {what}",
            f"images have no annotation, {what}",
        )
        if background:
            for split, image in images:
                self.annotations.image(split, image, self.tree.names[image])

    def beside(self, splits: Collection[str], used: Collection[int]) -> list[tuple[str, int]]:
        """The images beside annotated ones that have no annotation, with their splits."""
        beside, _ = self.images.unused(used)
        images = []
        for image in beside:
            split = split_of_path(self.tree.names[image]) or "train"
            images.append((split if split in splits else "train", image))
        return images

    def splits_by_folders(self, files: Iterable[int]) -> dict[str, list[int]]:
        """The annotations by the splits that their folders are called after."""
        names = self.tree.names
        splits, elsewhere = grouped(files, lambda file: split_of_path(names[file]))
        self.annotations.problem(
            [names[file] for file in elsewhere],
            "annotation lies in the folder of no split, left out",
            "annotations lie in the folder of no split, left out",
        )
        return splits
