"""Label Studio's JSON: a list of tasks with their annotations (or JSON-MIN), boxes in percent of the image.

As https://labelstud.io/guide/export documents it: a turned rectangle is turned clockwise about its upper left
corner, by degrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from suite.data import Dataset
from suite.sources import Source
from suite_images.file_index import without_upload_prefix
from suite_images.listing import is_image
from suite_object_detection.loaders.annotation_files import AnnotationFile, opened, recognized
from suite_object_detection.loaders.files import ends_of, head_of
from suite_object_detection.loaders.json import begins_with, read_json
from suite_object_detection.loaders.listed_images import ListedImages
from suite_object_detection.loaders.shapes import around, around_ellipse, around_turned
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.options import FileOptions
from suite_object_detection.types import Box

_PEEK = 1 << 15
_LABELS = {"rectangle": "rectanglelabels", "polygon": "polygonlabels", "ellipse": "ellipselabels"}
_KINDS = {**{kind: kind for kind in _LABELS}, **{labels: kind for kind, labels in _LABELS.items()}}
_OF_THE_IMAGE = ("choices", "taxonomy", "textarea", "rating", "number", "labels", "relation", "datetime")


def detect(path: Path) -> bool:
    """Whether `path` is such a file, or a folder or an archive with one."""
    return recognized(path, (".json",), _looks)


def load(path: Path, options: FileOptions) -> Dataset:
    """Load the annotated tasks of such files; the splits are those of the files' names or folders.

    Args:
        path: a file, a folder or an archive.
        options: where the images are. They may have the random prefix of uploaded files, or not.

    Raises:
        UserError: if there is no such file, or one is broken or must not be trained on.
    """
    what = "a list of tasks with data and annotations, as Label Studio exports JSON or JSON-MIN"
    files = opened(path, options.images, (".json",), _looks, "Label Studio file", what, _may_be)
    reader = _Reader(ListedImages(path, files, counted_by="region"))
    for file in files.files:
        for row, raw in enumerate(read_json(file.source, list[dict[str, Any]], "export"), start=1):
            reader.add(file, row, raw)
    found = reader.found
    found.problem(reader.unannotated, "task is not annotated, left out", "tasks are not annotated, left out")
    found.remark(
        reader.several,
        "task has several annotations, of which the latest is read",
        "tasks have several annotations, of which the latest is read",
    )
    return found.checked(options)


def _looks(source: Source) -> bool:
    ends = ends_of(source, _PEEK)
    if not begins_with(ends, b"["):
        return False
    full = b'"result"' in ends and any(kind.encode() in ends for kind in (*_LABELS.values(), "brushlabels"))
    return full or b'"original_width"' in ends


def _may_be(source: Source) -> bool:
    """Whether a file is a list of tasks; those of a split may all be without regions."""
    head = head_of(source, _PEEK)
    return begins_with(head, b"[") and b'"annotations"' in head and b'"data"' in head


class _Reader:
    def __init__(self, found: ListedImages) -> None:
        self.found = found
        self.unannotated: list[str] = []
        self.several: list[str] = []

    def add(self, file: AnnotationFile, row: int, raw: Mapping[str, Any]) -> None:
        """Add a task of an export; one of JSON-MIN has its regions in the field of the labels."""
        task = raw.get("id", row)
        source = f"{file.name}, task {task}"
        if "data" in raw:
            annotations = raw.get("annotations", raw.get("completions"))  # as they were called once
            annotations = annotations if isinstance(annotations, list) else []
            name = _image_of(raw["data"] if isinstance(raw["data"], dict) else {})
            regions = self._latest(annotations, source)
        else:
            name = _image_of(raw)
            lists = [value for value in raw.values() if isinstance(value, list)]
            regions = [region for value in lists for region in value if _has_corner(region)]
        if name is None:
            self.found.refusals.append(f"{source} has no image in its data")
        elif regions is None:
            self.unannotated.append(source)
        else:
            self._add_regions(file, name, source, regions)

    def _latest(self, annotations: Sequence[Any], source: str) -> list[Mapping[str, Any]] | None:
        """The regions of the latest annotation that was not cancelled; None if there is none."""
        submitted = [
            annotation
            for annotation in annotations
            if isinstance(annotation, dict) and not annotation.get("was_cancelled")
        ]
        if not submitted:
            return None
        if len(submitted) > 1:
            self.several.append(source)
        latest = max(submitted, key=lambda annotation: str(annotation.get("created_at") or ""))
        result = latest.get("result")
        return [region for region in result if isinstance(region, dict)] if isinstance(result, list) else []

    def _add_regions(
        self, file: AnnotationFile, name: str, source: str, regions: Sequence[Mapping[str, Any]]
    ) -> None:
        found = self.found
        size = next((size for region in regions if (size := _size(region))), None)
        plain = name.rpartition("/")[2]
        known = found.images.named(name, "", file.split) is not None
        number = found.listed(file, name if known else without_upload_prefix(plain), source, size)
        if number is None:
            return
        labels = {region.get("id"): _labels(region) for region in regions if region.get("type") == "labels"}
        for row, region in enumerate(regions, start=1):
            kind = str(region.get("type") or _kind_of(region))
            if kind in _OF_THE_IMAGE:
                continue
            location = f"{source}, region {row}"
            if kind not in _KINDS:
                found.no_box(location)
                continue
            try:
                box = _box(_KINDS[kind], region)
            except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
                found.refusals.append(
                    f"{location}: the {kind} has no numbers for its place, or no original_width"
                )
                continue
            own = _labels(region) or labels.get(region.get("id")) or []
            if not own:
                found.refusals.append(f"{location} has no label")
            for label in own:
                found.box(number, box, label, row)


def _image_of(data: Mapping[str, Any]) -> str | None:
    """The image of a task: what is called so, else what looks like one."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    named = [texts[key] for key in ("image", "img", "photo", "url") if key in texts]
    named += [value for value in texts.values() if is_image(_plain(value))]
    return _plain(named[0]) if named else None


def _plain(address: str) -> str:
    """The path in an address: of a local file, that behind `?d=`."""
    before, _, behind = address.partition("?d=")
    return unquote(behind or before.partition("?")[0])


def _has_corner(region: Any) -> bool:
    return isinstance(region, dict) and ("x" in region or "points" in region)


def _value(region: Mapping[str, Any]) -> Mapping[str, Any]:
    value = region.get("value", region)
    return value if isinstance(value, dict) else {}


def _kind_of(region: Mapping[str, Any]) -> str:
    """The kind of a region of JSON-MIN, which says it by the name of its labels."""
    return next((kind for kind in region if kind.endswith("labels")), "rectangle")


def _labels(region: Mapping[str, Any]) -> list[str]:
    value = _value(region)
    kind = str(region.get("type") or _kind_of(region))
    labels = value.get(kind) or value.get(_LABELS.get(kind, "")) or value.get("labels") or []
    return [str(label) for label in labels] if isinstance(labels, list) else [str(labels)]


def _size(region: Mapping[str, Any]) -> tuple[int, int] | None:
    return written_size(region.get("original_height"), region.get("original_width"))


def _box(kind: str, region: Mapping[str, Any]) -> Box:
    """The box around a region, in pixels. Raises `TypeError` and the like if it lacks anything."""
    value = _value(region)
    size = _size(region)
    if size is None:
        raise ValueError("no size")
    scale_y, scale_x = size[0] / 100, size[1] / 100
    if kind == "polygon":
        points = value["points"]
        return around([float(x) * scale_x for x, _ in points], [float(y) * scale_y for _, y in points])
    x, y = float(value["x"]) * scale_x, float(value["y"]) * scale_y
    angle = math.radians(float(value.get("rotation") or 0))
    if kind == "ellipse":
        radii = float(value["radiusX"]) * scale_x, float(value["radiusY"]) * scale_y
        return around_ellipse(x, y, *radii, angle)
    width, height = float(value["width"]) * scale_x, float(value["height"]) * scale_y
    if not angle:
        return x, y, x + width, y + height
    x += (width * math.cos(angle) - height * math.sin(angle)) / 2
    y += (width * math.sin(angle) + height * math.cos(angle)) / 2
    return around_turned(x, y, width, height, angle)
