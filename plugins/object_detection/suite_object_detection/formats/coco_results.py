"""Predictions as COCO's results: one JSON list of detections (cocodataset.org/#format-results).

COCO's tools load such a file beside the annotations it is about, and refuse ids that these do not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from suite import UserError
from suite.kit import atomic_path, unwritable
from suite_images.video import Frame
from suite_object_detection.formats.coco_ids import CocoIds, ids_of
from suite_object_detection.formats.naming import relative_name
from suite_object_detection.formats.output_file import refuse_other
from suite_object_detection.types import Detections


def results(
    image: int | str, prediction: Detections, category_ids: Mapping[str, int | str]
) -> list[dict[str, Any]]:
    """The detections of one image, as COCO writes them.

    Args:
        image: the image's id.
        prediction: what was detected.
        category_ids: the number of each class.

    Returns:
        An object each with `image_id`, `category_id`, `bbox` (x, y, width, height) and `score`.
    """
    return [
        {
            "image_id": image,
            "category_id": category_ids[label],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "score": score,
        }
        for (x1, y1, x2, y2), score, label in zip(
            prediction.boxes, prediction.scores, prediction.labels, strict=True
        )
    ]


def image_id(raw: Any, name: str) -> int | str:
    """The number in the name of a COCO image, `000000000139.jpg`; the name if it is none.

    Images in folders below the input folder, and in archives, keep these folders in their name;
    frames of videos are called `video.mp4#12`.
    """
    if isinstance(raw, Frame):
        return f"{Path(raw.source.name).name}#{raw.index}"
    relative = relative_name(raw, name)
    digits = relative.stem
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else str(relative)


class CocoResultsWriter:
    """Writes the detections to one JSON file, which is there, whole, when `close` has returned.

    Images and categories have the ids of the COCO file that names the image, if there is one in its folder
    or above. Else an image's id is the number in its name, or its name, and classes are numbered as in the
    training data.

    Args:
        path: of the file.
        facts: of the data that the model was trained on, with `classes` and perhaps `category_ids`.

    Raises:
        suite.UserError: if it cannot be written, or something other than results is there, such as the
            annotations themselves.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        refuse_other(path, "COCO's results are", "results.json", "COCO results", _is_list)
        self._path = path
        self._category_ids = ids_of(facts)
        self._coco_ids = CocoIds()
        self._names: dict[int | str, str] = {}
        self._separator = b"[\n"
        self._encoder = msgspec.json.Encoder()
        with ExitStack() as stack:
            try:
                self._file = stack.enter_context(stack.enter_context(atomic_path(path)).open("wb"))
            except OSError as error:
                raise unwritable(path, error) from None
            self._closing = stack.pop_all()

    def add(self, raw: Any, name: str, prediction: Detections) -> None:
        """Write the detections of the next image; an image without any leaves no trace in this format.

        Raises:
            suite.UserError: if two images have the same id, or the file cannot be written.
        """
        found = None if isinstance(raw, Frame) else self._coco_ids.of_image(name)
        image, categories = (image_id(raw, name), {}) if found is None else found
        if not isinstance(raw, Frame) and self._names.setdefault(image, name) != name:
            raise UserError(
                f"{self._names[image]} and {name} would both be the image {image!r} in {self._path}: write"
                " them to two files"
            )
        try:
            for row in results(image, prediction, {**self._category_ids, **categories}):
                self._file.write(self._separator + self._encoder.encode(row))
                self._separator = b",\n"
        except OSError as error:
            raise unwritable(self._path, error) from None

    def close(self) -> Sequence[Path]:
        """Finish the file."""
        try:
            with self._closing:
                self._file.write(b"\n]\n" if self._separator == b",\n" else b"[]\n")
        except OSError as error:
            raise unwritable(self._path, error) from None
        return [self._path]


def _is_list(head: bytes) -> bool:
    """Whether a file is empty or a list, which annotations are not."""
    return not head or head.lstrip().startswith(b"[")
