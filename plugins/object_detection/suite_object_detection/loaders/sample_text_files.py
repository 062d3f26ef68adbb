"""The sample of the task in the formats that are XML, YAML, tables or lines: for `suite check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from lxml import etree  # type: ignore[import-untyped]

from suite.data import Dataset
from suite_object_detection.loaders.sample_images import (
    SampleImage,
    sample_images,
    write_rows,
    write_text,
)


def write_voc(dataset: Dataset, folder: Path) -> Path:
    """`JPEGImages`, `Annotations`, and a list of each split's names in `ImageSets/Main`."""
    for split, images in sample_images(dataset).items():
        for image in images:
            image.write(folder / "JPEGImages")
            _write_xml(folder / "Annotations" / f"{image.stem}.xml", _voc_annotation(image))
        name = "val" if split == "validation" else split
        stems = "".join(f"{image.stem}\n" for image in images)
        write_text(folder / "ImageSets" / "Main" / f"{name}.txt", stems)
    return folder


def _voc_annotation(image: SampleImage) -> Any:
    """Pixels are counted from 1, and the last one belongs to its box."""
    root = etree.Element("annotation")
    etree.SubElement(root, "filename").text = image.name
    _add_numbers(root, "size", {"width": image.width, "height": image.height, "depth": 3})
    for label, (x1, y1, x2, y2) in image.boxes:
        item = etree.SubElement(root, "object")
        etree.SubElement(item, "name").text = label
        edges = {"xmin": x1 + 1, "ymin": y1 + 1, "xmax": x2, "ymax": y2}
        _add_numbers(item, "bndbox", {name: round(edge) for name, edge in edges.items()})
    return root


def _add_numbers(parent: Any, tag: str, numbers: dict[str, int]) -> None:
    element = etree.SubElement(parent, tag)
    for name, number in numbers.items():
        etree.SubElement(element, name).text = str(number)


def write_cvat(dataset: Dataset, folder: Path) -> Path:
    """A folder of images, and `annotations.xml`, which says the subset of each."""
    root = etree.Element("annotations")
    etree.SubElement(root, "version").text = "1.1"
    for split, images in sample_images(dataset).items():
        for image in images:
            image.write(folder / "images")
            size = {"width": str(image.width), "height": str(image.height)}
            element = etree.SubElement(root, "image", name=image.name, subset=split.title(), **size)
            for label, box in image.boxes:
                edges = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(str, box), strict=True))
                etree.SubElement(element, "box", label=label, occluded="0", z_order="0", **edges)
    _write_xml(folder / "annotations.xml", root)
    return folder


def _write_xml(path: Path, root: Any) -> None:
    write_text(path, etree.tostring(root, pretty_print=True, encoding="unicode"))


def write_yolo(dataset: Dataset, folder: Path) -> Path:
    """`images/SPLIT`, `labels/SPLIT`, and a `data.yaml` with the names of the classes."""
    classes = list(dataset.facts["classes"])
    content: dict[str, Any] = {"path": ".", "names": dict(enumerate(classes))}
    for split, images in sample_images(dataset).items():
        for image in images:
            image.write(folder / "images" / split)
            lines = []
            for label, (x1, y1, x2, y2) in image.boxes:
                center = (x1 + x2) / 2 / image.width, (y1 + y2) / 2 / image.height
                shares = *center, (x2 - x1) / image.width, (y2 - y1) / image.height
                lines.append(f"{classes.index(label)} {' '.join(f'{share:.6f}' for share in shares)}\n")
            write_text(folder / "labels" / split / f"{image.stem}.txt", "".join(lines))
        content["val" if split == "validation" else split] = f"images/{split}"
    write_text(folder / "data.yaml", yaml.safe_dump(content, sort_keys=False))
    return folder


def write_csv(dataset: Dataset, folder: Path) -> Path:
    """A folder of images for each split, and its boxes in `SPLIT.csv`."""
    header = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
    for split, images in sample_images(dataset).items():
        rows: list[tuple[Any, ...]] = [header]
        for image in images:
            image.write(folder / split)
            size = image.width, image.height
            rows += [(image.name, *size, label, *box) for label, box in image.boxes]
            if not image.boxes:
                rows.append((image.name, *size, "", "", "", "", ""))
        write_rows(folder / f"{split}.csv", rows)
    return folder


def write_kitti(dataset: Dataset, folder: Path) -> Path:
    """Folders `SPLIT/image_2` and `SPLIT/label_2`."""
    for split, images in sample_images(dataset).items():
        for image in images:
            image.write(folder / split / "image_2")
            lines = []
            for label, box in image.boxes:
                edges = " ".join(f"{edge:.2f}" for edge in box)
                # Three dimensions are unknown.
                lines.append(f"{label} 0.00 0 -10 {edges} -1 -1 -1 -1000 -1000 -1000 -10\n")
            write_text(folder / split / "label_2" / f"{image.stem}.txt", "".join(lines))
    return folder
