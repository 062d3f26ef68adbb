"""CVAT's XML 1.1 for images: one file with all images and their shapes.

As CVAT documents it (https://docs.cvat.ai/docs/manual/advanced/xml_format/): coordinates are in pixels from 0
on, and boxes may be turned by degrees.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLIT_WORDS
from suite.sources import Source
from suite_object_detection.loaders.annotation_files import AnnotationFile, opened, recognized
from suite_object_detection.loaders.files import head_of
from suite_object_detection.loaders.listed_images import ListedImages
from suite_object_detection.loaders.shapes import around, around_ellipse, around_turned
from suite_object_detection.loaders.sizes import written_size
from suite_object_detection.loaders.xml import Element, read_xml
from suite_object_detection.options import FileOptions
from suite_object_detection.types import Box

_ROOT = re.compile(rb"<annotations[\s>]")
_CONTENT = re.compile(rb"<(version|meta|image|track)[\s>/]")
_NO_BOX = ("polyline", "points", "skeleton", "cuboid", "tag")


def detect(path: Path) -> bool:
    """Whether `path` is such a file, or a folder or an archive with one."""
    return recognized(path, (".xml",), _looks)


def load(path: Path, options: FileOptions) -> Dataset:
    """Load the images of such files. The splits are those of `subset`, else of the files' names.

    Args:
        path: a file, a folder or an archive.
        options: where the images are.

    Raises:
        UserError: if there is no such file, or it is broken, of a video, or must not be trained on.
    """
    what = "an XML with <annotations> and an <image> for each image, as CVAT exports it"
    files = opened(path, options.images, (".xml",), _looks, "CVAT file", what)
    found = ListedImages(path, files, counted_by="line")
    for file in files.files:
        root = read_xml(file.source)
        images = root.findall("image")
        if root.find("track") is not None and not images:
            raise UserError(
                f"{file.name} has the tracks of a video, which are not read: export the task as 'CVAT for"
                " images 1.1', with its frames"
            )
        for image in images:
            _add(found, file, image)
    return found.checked(options)


def _looks(source: Source) -> bool:
    head = head_of(source, 1 << 14)
    return _ROOT.search(head) is not None and _CONTENT.search(head) is not None


def _add(found: ListedImages, file: AnnotationFile, image: Element) -> None:
    name = image.get("name")
    if not name:
        found.refusals.append(f"{file.name}, line {image.sourceline}: the image has no name")
        return
    split = SPLIT_WORDS.get((image.get("subset") or "").lower())
    size = written_size(image.get("height"), image.get("width"))
    number = found.listed(file, name, file.name, size, split)
    if number is None:
        return
    for shape in image:
        location = f"{file.name}, line {shape.sourceline}"
        if shape.tag in _NO_BOX:
            if shape.tag != "tag":  # which is of the image as a whole
                found.no_box(location)
            continue
        label = shape.get("label")
        try:
            box = _box(shape)
        except (TypeError, ValueError):
            found.refusals.append(f"{location}: the {shape.tag} has no coordinates that are numbers")
            continue
        if box is None:
            found.no_box(location)
        elif not label:
            found.refusals.append(f"{location}: the {shape.tag} has no label")
        else:
            found.box(number, box, label, shape.sourceline)


def _box(shape: Element) -> Box | None:
    """x1, y1, x2, y2 around a shape; None if it is of a kind that is not known."""

    def numbers(*names: str) -> list[float]:
        return [float(shape.get(name)) for name in names]

    angle = math.radians(float(shape.get("rotation") or 0))
    if shape.tag == "box":
        x1, y1, x2, y2 = numbers("xtl", "ytl", "xbr", "ybr")
        if not angle:
            return x1, y1, x2, y2
        return around_turned((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, angle)
    if shape.tag == "ellipse":
        x, y, radius_x, radius_y = numbers("cx", "cy", "rx", "ry")
        return around_ellipse(x, y, radius_x, radius_y, angle)
    if shape.tag == "mask":
        left, top, width, height = numbers("left", "top", "width", "height")
        return left, top, left + width, top + height
    if shape.tag == "polygon":
        values = [float(value) for value in re.split(r"[,;]", shape.get("points"))]
        return around(values[::2], values[1::2])
    return None
