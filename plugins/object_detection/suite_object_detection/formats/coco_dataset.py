"""Predictions as a COCO data set: images, categories and boxes in one file, which is complete by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from suite.kit import atomic_write, unwritable
from suite_images import reading
from suite_images.video import Frame
from suite_object_detection.formats.coco_ids import CocoIds, ids_of
from suite_object_detection.formats.coco_results import results
from suite_object_detection.formats.naming import item_name
from suite_object_detection.formats.output_file import refuse_other
from suite_object_detection.types import Detections

_DESCRIPTION = "predictions"
"""What `info` says, by which the file is known again."""

_BEGINNING = b'{"info":{"description":"' + _DESCRIPTION.encode()


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
        refuse_other(
            path, "a COCO data set is", "coco.json", "predictions", lambda head: head.startswith(_BEGINNING)
        )
        self._path = path
        self._coco_ids = CocoIds()
        self._categories = ids_of(facts)
        self._predicted: list[tuple[dict[str, Any], Detections]] = []

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
        self._predicted.append((image, prediction))

    def close(self) -> Sequence[Path]:
        """Write the file.

        Raises:
            suite.UserError: if it cannot be written.
        """
        images = [image for image, _ in self._predicted]
        taken = {image["id"] for image in images}
        free = (number for number in count(1) if number not in taken)
        for image in images:
            if image["id"] is None:
                image["id"] = next(free)
        annotations: list[dict[str, Any]] = []
        for image, prediction in self._predicted:
            for row in results(image["id"], prediction, self._categories):
                _, _, width, height = row["bbox"]
                number = {"id": len(annotations) + 1}
                annotations.append(number | row | {"area": width * height, "iscrowd": 0})
        content = {
            "info": {"description": _DESCRIPTION},
            "images": images,
            "categories": [{"id": number, "name": name} for name, number in self._categories.items()],
            "annotations": annotations,
        }
        try:
            atomic_write(self._path, msgspec.json.encode(content))
        except OSError as error:
            raise unwritable(self._path, error) from None
        return [self._path]
