"""The VGG Image Annotator's (VIA 1 and 2) JSON and CSV: a project, or its annotations alone.

As its manual describes them (https://www.robots.ox.ac.uk/~vgg/software/via/): shapes in pixels, and
attributes of regions, one of which is the class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import UserError
from suite.data import Dataset, Problem
from suite.kit import NotJsonError, decode_json, decoded, nearest, some, tables
from suite.sources import Source
from suite_images.classes import SINGLE_CLASS
from suite_object_detection.loaders.annotation_files import AnnotationFile, opened, recognized
from suite_object_detection.loaders.files import ends_of
from suite_object_detection.loaders.json import read_json
from suite_object_detection.loaders.listed_images import ListedImages
from suite_object_detection.loaders.shapes import around, around_ellipse
from suite_object_detection.options import ViaOptions
from suite_object_detection.types import Box

_PEEK = 1 << 15
_SUFFIXES = (".json", ".csv")
_CLASSES = (
    "class", "label", "type", "name", "category", "object", "species", "kind", "class_name", "labels",
)  # fmt: skip


@dataclass(frozen=True)
class Region:
    """A region of an image: what its attributes and its shape say."""

    source: str
    row: int
    shape: Mapping[str, Any]
    attributes: Mapping[str, Any]


def detect(path: Path) -> bool:
    """Whether `path` is such a file, or a folder or an archive with one."""
    return recognized(path, _SUFFIXES, _looks)


def load(path: Path, options: ViaOptions) -> Dataset:
    """Load the images of such files; the splits are those of the files' names or folders.

    Args:
        path: a file, a folder or an archive.
        options: where the images are, and which attribute is the class.

    Raises:
        UserError: if there is no such file, one is broken or must not be trained on, or it is not clear which
            attribute is the class.
    """
    what = "a project, or annotations exported as JSON or CSV"
    files = opened(path, options.images, _SUFFIXES, _looks, "VIA file", what)
    found = ListedImages(path, files, counted_by="region")
    images: dict[tuple[AnnotationFile, str], list[Region]] = {}
    for file in files.files:
        read = _json_images if file.name.lower().endswith(".json") else _csv_images
        for name, regions in read(file):
            images.setdefault((file, name), []).extend(regions)
    everything = [region for regions in images.values() for region in regions]
    attribute = _class_attribute(path, everything, options.class_attribute)
    if attribute is None:
        found.problems.append(Problem(f"no region has an attribute: the class is called '{SINGLE_CLASS}'"))
    for (file, name), regions in images.items():
        number = found.listed(file, name, f"{file.name}, '{name}'")
        if number is not None:
            for region in regions:
                _add(found, number, region, attribute)
    return found.checked(options)


def _looks(source: Source) -> bool:
    ends = ends_of(source, _PEEK)
    if source.name.lower().endswith(".csv"):
        return b"region_shape_attributes" in ends.partition(b"\n")[0]
    return b"_via_img_metadata" in ends or (
        b'"regions"' in ends and b'"filename"' in ends and b'"size"' in ends
    )


def _json_images(file: AnnotationFile) -> Iterator[tuple[str, list[Region]]]:
    content = read_json(file.source, dict[str, Any], "file of VIA")
    listed = content.get("_via_img_metadata", content)
    if not isinstance(listed, dict):
        raise UserError(f"{file.name}: _via_img_metadata is no list of images by their names")
    for key, entry in listed.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("filename"), str):
            raise UserError(f"{file.name}: '{key}' has no filename")
        name = entry["filename"]
        written = entry.get("regions") or []
        regions = list(written.values()) if isinstance(written, dict) else written
        if not isinstance(regions, list):
            raise UserError(f"{file.name}: the regions of '{name}' are {type(regions).__name__}, no list")
        source = f"{file.name}, '{name}'"
        yield (
            name,
            [
                Region(source, row, _mapping(region, "shape"), _mapping(region, "region"))
                for row, region in enumerate(regions, start=1)
            ],
        )


def _mapping(region: Any, what: str) -> Mapping[str, Any]:
    value = region.get(f"{what}_attributes") if isinstance(region, dict) else None
    return value if isinstance(value, dict) else {}


def _csv_images(file: AnnotationFile) -> Iterator[tuple[str, list[Region]]]:
    text = decoded(file.source.read(), file.name)
    columns: list[str] = []
    for line, cells in tables.cells(tables.lines(text), file.name):
        if not columns:
            columns = [cell.strip().lstrip("#") for cell in cells]
            continue
        row = dict(zip(columns, cells, strict=False))
        if not row.get("filename"):
            raise UserError(f"{file.name}, line {line} has no filename")
        try:
            shape, attributes = (
                decode_json(row.get(f"region_{what}attributes") or "{}") for what in ("shape_", "")
            )
        except NotJsonError as error:
            raise UserError(f"{file.name}, line {line} has attributes that are no JSON: {error}") from None
        region = {"shape_attributes": shape, "region_attributes": attributes}
        source = f"{file.name}, '{row['filename']}'"
        number = row.get("region_id", "")
        found = Region(
            source,
            int(number) + 1 if number.isdecimal() and len(number) < 9 else line,
            _mapping(region, "shape"),
            _mapping(region, "region"),
        )
        yield row["filename"], [found] if found.shape else []


def _class_attribute(path: Path, regions: list[Region], chosen: str) -> str | None:
    """The attribute that is the class: the user's, the only one, or one that is called so.

    Raises:
        UserError: if there are several and none is called so, or the user's is not there.
    """
    names = Counter(name for region in regions for name in region.attributes)
    if chosen:
        if names and chosen not in names:
            raise UserError(f"{path}: no region has the attribute '{chosen}': {nearest(chosen, list(names))}")
        return chosen
    if len(names) <= 1:
        return next(iter(names), None)
    known = [name for word in _CLASSES for name in names if name.strip().lower() == word]
    if not known:
        raise UserError(
            f"{path}: regions have the attributes {some(sorted(names))}: say which is the class with --set"
            " loader.class_attribute=NAME"
        )
    return known[0]


def _add(found: ListedImages, number: int, region: Region, attribute: str | None) -> None:
    location = f"{region.source}, region {region.row}"
    try:
        box = _box(region.shape)
    except (KeyError, TypeError, ValueError, OverflowError):
        found.refusals.append(
            f"{location}: the {region.shape.get('name')} has no coordinates that are numbers"
        )
        return
    if box is None:
        found.no_box(location)
        return
    labels = [SINGLE_CLASS] if attribute is None else _labels(region.attributes.get(attribute))
    if not labels:
        found.refusals.append(f"{location} has no '{attribute}', which is the class")
    for label in labels:
        found.box(number, box, label, region.row)


def _labels(value: Any) -> list[str]:
    """The classes that an attribute says: a text, or the boxes of a form that are ticked."""
    if isinstance(value, dict):
        return [name for name, ticked in value.items() if ticked]
    text = "" if value is None else str(value).strip()
    return [text] if text else []


def _box(shape: Mapping[str, Any]) -> Box | None:
    """x1, y1, x2, y2 around a shape; None if it is a point, a line or not known."""

    def numbers(*names: str) -> list[float]:
        return [float(shape[name]) for name in names]

    kind = shape.get("name")
    if kind == "rect":
        x, y, width, height = numbers("x", "y", "width", "height")
        return x, y, x + width, y + height
    if kind == "circle":
        x, y, radius = numbers("cx", "cy", "r")
        return x - radius, y - radius, x + radius, y + radius
    if kind == "ellipse":
        x, y, radius_x, radius_y = numbers("cx", "cy", "rx", "ry")
        return around_ellipse(x, y, radius_x, radius_y, float(shape.get("theta") or 0))
    if kind == "polygon":
        x_values, y_values = ([float(value) for value in shape[f"all_points_{axis}"]] for axis in "xy")
        return around(x_values, y_values)
    return None
