"""Predictions as a COCO data set: images, categories and boxes in one file, which is complete by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.kit import atomic_write, unwritable
from suite_images import reading
from suite_images.video import Frame
from suite_object_detection.formats.coco_ids import CocoIds, ids_of
from suite_object_detection.formats.naming import item_name
from suite_object_detection.types import Detections

DESCRIPTION = "predictions"
"""What `info` says, by which the file is known again."""


class CocoDatasetWriter:
    """Writes a file that COCO's tools and annotation tools load by itself. Each box has its `score`.

    Images and categories have the ids of the COCO file that names the images, if there is one in their folder
    or above; else they are numbered from 1, and categories as in the training data.

    Args:
        path: of the file.
        facts: of the data that the model was trained on.

    Raises:
        suite.UserError: if something else is there, such as the annotations themselves.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        if path.is_dir():
            raise UserError(
                f"{path} is a folder, but a COCO data set is one file: '{path / 'coco.json'}', say"
            )
        if not _may_be_overwritten(path):
            raise UserError(f"{path} is there already and holds no predictions: name another file")
        self._path = path
        self._coco_ids = CocoIds()
        self._categories = ids_of(facts)
        self._images: list[dict[str, Any]] = []
        self._boxes: list[tuple[Any, Detections]] = []

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Take the detections of the next image."""
        found = None if isinstance(raw, Frame) else self._coco_ids.of_image(name)
        height, width = reading.size(raw)
        image = {"id": None, "file_name": str(item_name(raw, name)), "height": height, "width": width}
        if found is not None:
            image["id"], categories = found
            self._categories |= {
                label: categories[label] for label in self._categories if label in categories
            }
        self._images.append(image)
        self._boxes.append((image, prediction))

    def close(self) -> Sequence[Path]:
        """Write the file.

        Raises:
            suite.UserError: if it cannot be written.
        """
        taken = {image["id"] for image in self._images}
        free = (number for number in range(1, len(self._images) + len(taken) + 1) if number not in taken)
        for image in self._images:
            if image["id"] is None:
                image["id"] = next(free)
        annotations: list[dict[str, Any]] = []
        for image, prediction in self._boxes:
            for (x1, y1, x2, y2), score, label in zip(
                prediction.boxes, prediction.scores, prediction.labels, strict=True
            ):
                place = {"image_id": image["id"], "category_id": self._categories[label]}
                box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
                annotations.append(
                    {"id": len(annotations) + 1} | place | box | {"iscrowd": 0, "score": score}
                )
        content = {
            "info": {"description": DESCRIPTION},
            "images": self._images,
            "categories": [{"id": number, "name": name} for name, number in self._categories.items()],
            "annotations": annotations,
        }
        try:
            atomic_write(self._path, msgspec.json.encode(content))
        except OSError as error:
            raise unwritable(self._path, error) from None
        return [self._path]


def _may_be_overwritten(path: Path) -> bool:
    """Whether nothing is there, or predictions."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise unwritable(path, error) from None
    return head.startswith(b'{"info":{"description":"' + DESCRIPTION.encode())
