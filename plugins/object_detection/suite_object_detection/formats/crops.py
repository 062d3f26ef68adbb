"""Predictions as small images: what is in each box, cut out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from suite_images import reading
from suite_object_detection.formats.naming import item_name
from suite_object_detection.formats.output_folder import OutputFolder
from suite_object_detection.types import Detections

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|^\.+$|[. ]+$')
"""What a folder may not be called, on any system."""


class CropsWriter:
    """Writes `CLASS/NAME-1.jpg`, `CLASS/NAME-2.jpg`, ...: an image for each detection, the surest first.

    A folder for each class is what image classification trains on.

    Args:
        folder: made if it is not there.
        facts: of the data that the model was trained on.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = OutputFolder(folder, "cut-out detections")

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Cut the detections out of the next image; whole pixels that a box touches belong to it."""
        if not len(prediction):
            return
        pixels = reading.view(raw)
        relative = item_name(raw, name)
        for number, (box, label) in enumerate(zip(prediction.boxes, prediction.labels, strict=True), start=1):
            x1, y1 = (math.floor(edge) for edge in box[:2])
            x2, y2 = (math.ceil(edge) for edge in box[2:])
            folder = PurePosixPath(_FORBIDDEN.sub("_", label) or "_") / relative.parent
            crop = pixels[max(0, y1) : y2, max(0, x1) : x2]
            if crop.size:
                self._folder.write_image(folder / f"{relative.stem}-{number}{relative.suffix}", crop, raw)

    def close(self) -> Sequence[Path]:
        """What was written."""
        return self._folder.written
