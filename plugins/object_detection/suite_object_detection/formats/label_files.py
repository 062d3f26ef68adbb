"""Predictions as label files: YOLO's text files and Pascal VOC's XML, as annotation tools read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from suite_images import reading
from suite_object_detection.formats.naming import item_name
from suite_object_detection.formats.output_folder import OutputFolder
from suite_object_detection.types import Detections


class YoloWriter:
    """Writes `labels/NAME.txt` for each image: a line `class x y width height` for each detection.

    The numbers of the classes are those of the model, and `classes.txt` has their names, a line each. Scores
    are left out: files with them are no labels any more.

    Args:
        folder: made if it is not there.
        facts: of the data that the model was trained on.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = OutputFolder(folder, "labels")
        self._numbers = {name: number for number, name in enumerate(facts["classes"])}

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Write the labels of the next image; of one with no detection an empty file."""
        height, width = reading.size(raw)
        lines = []
        for (x1, y1, x2, y2), label in zip(prediction.boxes, prediction.labels, strict=True):
            shares = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
            lines.append(f"{self._numbers[label]} {' '.join(f'{share:.6f}' for share in shares)}\n")
        path = PurePosixPath("labels") / item_name(raw, name).with_suffix(".txt")
        self._folder.write(path, "".join(lines).encode(), raw)

    def close(self) -> Sequence[Path]:
        """Write the names of the classes, and return what was written."""
        names = "".join(f"{name}\n" for name in self._numbers)
        self._folder.write(PurePosixPath("classes.txt"), names.encode(), None)
        return self._folder.written


class VocWriter:
    """Writes `NAME.xml` for each image, as Pascal VOC has it: pixels from 1, `xmax` the last of a box.

    Each object has its score as `confidence`, which readers of labels pass over.

    Args:
        folder: made if it is not there.
        facts: of the data that the model was trained on.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = OutputFolder(folder, "labels")

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Write the labels of the next image."""
        height, width = reading.size(raw)
        relative = item_name(raw, name)
        root = etree.Element("annotation")
        _add(root, "filename", relative.name)
        size = etree.SubElement(root, "size")
        for tag, number in {"width": width, "height": height, "depth": 3}.items():
            _add(size, tag, number)
        for box, score, label in zip(prediction.boxes, prediction.scores, prediction.labels, strict=True):
            item = etree.SubElement(root, "object")
            _add(item, "name", label)
            _add(item, "confidence", f"{score:.4f}")
            for tag in ("truncated", "difficult"):
                _add(item, tag, 0)
            corners = etree.SubElement(item, "bndbox")
            x1, y1, x2, y2 = (round(edge) for edge in box)
            # A box thinner than a pixel has one all the same.
            first = min(x1, width - 1) + 1, min(y1, height - 1) + 1
            last = max(x2, first[0]), max(y2, first[1])
            edges = zip(("xmin", "ymin", "xmax", "ymax"), (*first, *last), strict=True)
            for tag, number in edges:
                _add(corners, tag, number)
        self._folder.write(relative.with_suffix(".xml"), etree.tostring(root, pretty_print=True), raw)

    def close(self) -> Sequence[Path]:
        """What was written."""
        return self._folder.written


def _add(parent: Any, tag: str, value: Any) -> None:
    etree.SubElement(parent, tag).text = "".join(
        character for character in str(value) if character.isprintable()
    )
