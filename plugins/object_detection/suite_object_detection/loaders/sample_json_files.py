"""The sample of the task in the formats that are JSON: for `suite check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from suite.data import Dataset
from suite_images.encoding import png
from suite_object_detection.loaders.sample_images import (
    SampleImage,
    sample_images,
    write_json,
    write_text,
)


def write_coco(dataset: Dataset, folder: Path) -> Path:
    """A folder of images for each split, and `annotations/instances_SPLIT.json`."""
    numbers = {name: number for number, name in enumerate(dataset.facts["classes"])}
    for split, images in sample_images(dataset).items():
        annotations: list[dict[str, Any]] = []
        for number, image in enumerate(images, start=1):
            image.write(folder / split)
            for label, (x1, y1, x2, y2) in image.boxes:
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": numbers[label],
                        "bbox": [x1, y1, x2 - x1, y2 - y1],
                        "area": (x2 - x1) * (y2 - y1),
                        "iscrowd": 0,
                    }
                )
        listed = [
            {"id": number, "file_name": image.name, "height": image.height, "width": image.width}
            for number, image in enumerate(images, start=1)
        ]
        categories = [{"id": number, "name": name} for name, number in numbers.items()]
        write_json(
            folder / "annotations" / f"instances_{split}.json",
            {"images": listed, "annotations": annotations, "categories": categories},
        )
    return folder


def write_labelme(dataset: Dataset, folder: Path) -> Path:
    """A folder for each split, with a JSON file beside each image."""
    for split, images in sample_images(dataset).items():
        for image in images:
            image.write(folder / split)
            shapes = [
                {"label": label, "points": [[x1, y1], [x2, y2]], "shape_type": "rectangle", "flags": {}}
                for label, (x1, y1, x2, y2) in image.boxes
            ]
            content: dict[str, Any] = {
                "version": "5.4.1",
                "flags": {},
                "shapes": shapes,
                "imagePath": image.name,
                "imageData": None,
                "imageHeight": image.height,
                "imageWidth": image.width,
            }
            write_json(folder / split / f"{image.stem}.json", content)
    return folder


def write_label_studio(dataset: Dataset, folder: Path) -> Path:
    """A folder of images for each split, and its tasks in `SPLIT.json`."""
    for split, images in sample_images(dataset).items():
        tasks: list[dict[str, Any]] = []
        for number, image in enumerate(images, start=1):
            image.write(folder / split)
            data = {"image": f"/data/upload/1/{image.name}"}
            annotations = [{"id": number, "result": _regions(image)}]
            tasks.append({"id": number, "data": data, "annotations": annotations})
        write_json(folder / f"{split}.json", tasks)
    return folder


def _regions(image: SampleImage) -> list[dict[str, Any]]:
    """The boxes as Label Studio has them: in percent of the image."""
    return [
        {
            "id": f"region-{number}",
            "type": "rectanglelabels",
            "original_width": image.width,
            "original_height": image.height,
            "value": {
                "x": 100 * x1 / image.width,
                "y": 100 * y1 / image.height,
                "width": 100 * (x2 - x1) / image.width,
                "height": 100 * (y2 - y1) / image.height,
                "rotation": 0,
                "rectanglelabels": [label],
            },
        }
        for number, (label, (x1, y1, x2, y2)) in enumerate(image.boxes)
    ]


def write_via(dataset: Dataset, folder: Path) -> Path:
    """A folder for each split, with `via_region_data.json` beside the images."""
    for split, images in sample_images(dataset).items():
        content: dict[str, Any] = {}
        for image in images:
            image.write(folder / split)
            regions = [
                {
                    "shape_attributes": {
                        "name": "rect",
                        "x": x1,
                        "y": y1,
                        "width": x2 - x1,
                        "height": y2 - y1,
                    },
                    "region_attributes": {"class": label},
                }
                for label, (x1, y1, x2, y2) in image.boxes
            ]
            size = (folder / split / image.name).stat().st_size
            content[f"{image.name}{size}"] = {
                "filename": image.name,
                "size": size,
                "regions": regions,
                "file_attributes": {},
            }
        write_json(folder / split / "via_region_data.json", content)
    return folder


def write_createml(dataset: Dataset, folder: Path) -> Path:
    """A folder for each split, with `_annotations.createml.json` beside the images."""
    for split, images in sample_images(dataset).items():
        content: list[dict[str, Any]] = []
        for image in images:
            image.write(folder / split)
            boxes = [
                {
                    "label": label,
                    "coordinates": {
                        "x": (x1 + x2) / 2,
                        "y": (y1 + y2) / 2,
                        "width": x2 - x1,
                        "height": y2 - y1,
                    },
                }
                for label, (x1, y1, x2, y2) in image.boxes
            ]
            content.append({"image": image.name, "annotations": boxes})
        write_json(folder / split / "_annotations.createml.json", content)
    return folder


def write_metadata(dataset: Dataset, folder: Path) -> Path:
    """A folder for each split, with `metadata.jsonl` beside the images."""
    for split, images in sample_images(dataset).items():
        lines = []
        for image in images:
            image.write(folder / split)
            objects = {
                "bbox": [[x1, y1, x2 - x1, y2 - y1] for _, (x1, y1, x2, y2) in image.boxes],
                "categories": [label for label, _ in image.boxes],
            }
            lines.append(msgspec.json.encode({"file_name": image.name, "objects": objects}).decode())
        write_text(folder / split / "metadata.jsonl", "".join(f"{line}\n" for line in lines))
    return folder


def write_parquet(dataset: Dataset, folder: Path) -> Path:
    """A Parquet table for each split, with the columns image and objects."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "data").mkdir()
    for split, images in sample_images(dataset).items():
        rows = [
            {
                "image": {"bytes": png(image.pixels), "path": image.name},
                "objects": {
                    "bbox": [[x1, y1, x2 - x1, y2 - y1] for _, (x1, y1, x2, y2) in image.boxes],
                    "category": [label for label, _ in image.boxes],
                },
            }
            for image in images
        ]
        pq.write_table(pa.Table.from_pylist(rows), folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder
