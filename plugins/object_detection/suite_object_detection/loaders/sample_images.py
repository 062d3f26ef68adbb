"""The images of the task's sample, written for the formats that `suite check` tries."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from suite.data import Dataset
from suite_images.encoding import png
from suite_object_detection.types import Box


@dataclass(frozen=True)
class SampleImage:
    """An image and what it shows.

    Attributes:
        pixels: uint8 (height, width, 3), RGB.
        name: of its file, in no other split.
        height: in pixels.
        width: in pixels.
        boxes: the class of each, and the box in pixels.
    """

    pixels: Any
    name: str
    height: int
    width: int
    boxes: list[tuple[str, Box]]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return Path(self.name).stem

    def write(self, folder: Path) -> None:
        """Write the image itself into a folder, which is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / self.name).write_bytes(png(self.pixels))


def sample_images(dataset: Dataset) -> dict[str, list[SampleImage]]:
    """The images of each split."""
    images: dict[str, list[SampleImage]] = {}
    for split, examples in dataset.splits.items():
        images[split] = []
        for index in range(len(examples)):
            pixels, target = examples[index].input, examples[index].target
            height, width = target["size"]
            boxes = [
                (label, (x1, y1, x2, y2))
                for label, (x1, y1, x2, y2) in zip(target["labels"], target["boxes"], strict=True)
            ]
            images[split].append(SampleImage(pixels, f"{split}-{index:03}.png", height, width, boxes))
    return images


def write_text(path: Path, text: str) -> None:
    """Write a file, and the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def write_json(path: Path, content: Mapping[str, Any] | list[Any]) -> None:
    """Write a file of JSON, and the folders around it."""
    write_text(path, msgspec.json.format(msgspec.json.encode(content)).decode())


def write_rows(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write a table whose first row has the names of the columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
