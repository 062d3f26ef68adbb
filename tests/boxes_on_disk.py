"""The same images with boxes in every format of object detection, and what a loader makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from suite_object_detection.declaration import suite_data_loaders

FORMATS = {loader.name: (loader.detect, loader.load, loader.options) for loader in suite_data_loaders()}


def load(kind, path, **options):
    """The dataset that the format's loader makes of a folder or file."""
    _, reader, options_type = FORMATS[kind]
    return reader(Path(path), options_type(**options))


def recognized(path):
    """The formats that recognize the path."""
    return [kind for kind, (detect, _, _) in FORMATS.items() if detect(Path(path)) is True]


def write_image(path, height=40, width=60):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 128, np.uint8))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


# A data set is, for each split, what each image shows: its size and (x1, y1, x2, y2, class).
DATA = {
    "train": {
        "a": ((40, 60), [(1, 2, 30, 40, "cat"), (5, 5, 10, 20, "dog")]),
        "b": ((30, 50), [(0, 0, 50, 30, "dog")]),
        "c": ((20, 20), []),
    },
    "val": {"d": ((40, 60), [(3, 4, 6, 8, "cat")])},
    "test": {"e": ((10, 10), [(2, 2, 9, 9, "dog")])},
}
CLASSES = ["cat", "dog"]
SPLIT_OF = {"train": "train", "val": "validation", "test": "test"}


def expected(data):
    """What `targets` is of a data set that was loaded without loss."""
    return {
        SPLIT_OF[split]: {name: target(size, boxes) for name, (size, boxes) in images.items()}
        for split, images in data.items()
    }


def target(size, boxes):
    return {
        "size": list(size),
        "boxes": [list(box[:4]) for box in boxes],
        "labels": [box[4] for box in boxes],
    }


def targets(dataset):
    """The target of every image, by split and name."""
    by_split = {}
    for split, examples in dataset.splits.items():
        by_split[split] = {}
        for index in range(len(examples)):
            target = dict(examples[index].target)
            target.pop("areas", None)
            target["boxes"] = [[round(value, 3) for value in box] for box in target["boxes"]]
            by_split[split][Path(examples[index].id).stem] = target
    return by_split


def write_images(folder, images):
    for name, (size, _) in images.items():
        write_image(folder / f"{name}.png", *size)


def coco_file(images, first_id=1, classes=CLASSES):
    listed, annotations = [], []
    for number, (name, (size, boxes)) in enumerate(images.items(), start=first_id):
        listed.append({"id": number, "file_name": f"{name}.png", "height": size[0], "width": size[1]})
        for x1, y1, x2, y2, label in boxes:
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": number, "category_id": classes.index(label),
                    "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0,
                    "segmentation": [[x1, y1, x2, y1, x2, y2]],
                }
            )  # fmt: skip
    categories = [{"id": number, "name": name} for number, name in enumerate(classes)]
    return {"info": {}, "images": listed, "annotations": annotations, "categories": categories}


def write_coco(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / f"{split}2017", images)
        write(folder / f"annotations/instances_{split}2017.json", coco_file(images))
    return folder


def voc_file(size, boxes, name="x.png", shift=1):
    objects = "".join(
        f"<object><name>{label}</name><difficult>0</difficult>\n<bndbox><xmin>{x1 + shift}</xmin>"
        f"<ymin>{y1 + shift}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>\n"
        for x1, y1, x2, y2, label in boxes
    )
    return (
        f"<annotation>\n<filename>{name}</filename>\n<size><width>{size[1]}</width><height>{size[0]}</height>"
        f"<depth>3</depth></size>\n{objects}</annotation>\n"
    )


def write_voc(folder, data=DATA, lists=True, shift=1):
    for split, images in data.items():
        middle = "" if lists else split
        write_images(folder / "JPEGImages" / middle, images)
        for name, (size, boxes) in images.items():
            write(
                folder / "Annotations" / middle / f"{name}.xml", voc_file(size, boxes, f"{name}.png", shift)
            )
        if lists:
            write(folder / f"ImageSets/Main/{split}.txt", "".join(f"{name}\n" for name in images))
            write(folder / f"ImageSets/Main/cat_{split}.txt", "".join(f"{name}  1\n" for name in images))
    return folder


def yolo_lines(size, boxes, classes=CLASSES):
    height, width = size
    return "".join(
        f"{classes.index(label)} {(x1 + x2) / 2 / width:.8f} {(y1 + y2) / 2 / height:.8f}"
        f" {(x2 - x1) / width:.8f} {(y2 - y1) / height:.8f}\n"
        for x1, y1, x2, y2, label in boxes
    )


def write_yolo(folder, data=DATA, layout="images/{split}/{name}", yaml="path: .\n"):
    splits = []
    for split, images in data.items():
        for name, (size, boxes) in images.items():
            where = layout.format(split=split, name=name)
            write_image(folder / f"{where}.png", *size)
            label = f"/{where}".replace("/images/", "/labels/")[1:]
            write(folder / f"{label}.txt", yolo_lines(size, boxes))
        splits.append(f"{split}: {layout.format(split=split, name='x').rpartition('/')[0]}\n")
    if yaml is not None:
        write(folder / "data.yaml", f"{yaml}{''.join(splits)}nc: 2\nnames: [cat, dog]\n")
    return folder


def write_csv(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / split, images)
        rows = ["filename,width,height,class,xmin,ymin,xmax,ymax"]
        for name, (size, boxes) in images.items():
            for x1, y1, x2, y2, label in boxes or [("", "", "", "", "")]:
                rows.append(f"{name}.png,{size[1]},{size[0]},{label},{x1},{y1},{x2},{y2}")
        write(folder / f"{split}.csv", "\n".join(rows) + "\n")
    return folder


def labelme_file(size, boxes, name):
    shapes = [
        {
            "label": label,
            "points": [[x2, y1], [x1, y2]],
            "group_id": None,
            "shape_type": "rectangle",
            "flags": {},
        }
        for x1, y1, x2, y2, label in boxes
    ]
    return {
        "version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": f"{name}.png", "imageData": None,
        "imageHeight": size[0], "imageWidth": size[1],
    }  # fmt: skip


def write_labelme(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / split, images)
        for name, (size, boxes) in images.items():
            write(folder / split / f"{name}.json", labelme_file(size, boxes, name))
    return folder


def cvat_file(data):
    lines = ["<?xml version='1.0' encoding='utf-8'?>", "<annotations><version>1.1</version><meta/>"]
    for split, images in data.items():
        for name, (size, boxes) in images.items():
            subset = {"train": "Train", "val": "Validation", "test": "Test"}.get(split, "")
            lines.append(f'<image name="{name}.png" subset="{subset}" width="{size[1]}" height="{size[0]}">')
            lines += [
                f'<box label="{label}" occluded="0" xtl="{x1}" ytl="{y1}" xbr="{x2}" ybr="{y2}" z_order="0"/>'
                for x1, y1, x2, y2, label in boxes
            ]
            lines.append("</image>")
    return "\n".join([*lines, "</annotations>"])


def write_cvat(folder, data=DATA):
    for images in data.values():
        write_images(folder / "images", images)
    write(folder / "annotations.xml", cvat_file(data))
    return folder


def label_studio_file(images):
    tasks = []
    for number, (name, (size, boxes)) in enumerate(images.items(), start=1):
        height, width = size
        result = [
            {
                "id": f"r{row}", "type": "rectanglelabels",
                "original_width": width, "original_height": height,
                "value": {
                    "x": 100 * x1 / width, "y": 100 * y1 / height, "width": 100 * (x2 - x1) / width,
                    "height": 100 * (y2 - y1) / height, "rotation": 0, "rectanglelabels": [label],
                },
            }
            for row, (x1, y1, x2, y2, label) in enumerate(boxes)
        ]  # fmt: skip
        data = {"image": f"/data/upload/1/{name}.png"}
        tasks.append({"id": number, "annotations": [{"id": 9, "result": result}], "data": data})
    return tasks


def write_label_studio(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / split, images)
        write(folder / f"{split}.json", label_studio_file(images))
    return folder


def via_file(images):
    return {
        f"{name}.png123": {
            "filename": f"{name}.png", "size": 123, "file_attributes": {},
            "regions": [
                {
                    "shape_attributes": {
                        "name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1
                    },
                    "region_attributes": {"class": label},
                }
                for x1, y1, x2, y2, label in boxes
            ],
        }
        for name, (_, boxes) in images.items()
    }  # fmt: skip


def write_via(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / split, images)
        write(folder / split / "via_region_data.json", via_file(images))
    return folder


def createml_file(images):
    return [
        {
            "image": f"{name}.png",
            "annotations": [
                {
                    "label": label,
                    "coordinates": {
                        "x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "width": x2 - x1, "height": y2 - y1
                    },
                }
                for x1, y1, x2, y2, label in boxes
            ],
        }
        for name, (_, boxes) in images.items()
    ]  # fmt: skip


def write_createml(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / split, images)
        write(folder / split / "_annotations.createml.json", createml_file(images))
    return folder


def metadata_lines(images, classes=None):
    lines = []
    for name, (_, boxes) in images.items():
        objects = {
            "bbox": [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2, _ in boxes],
            "categories": [box[4] if classes is None else classes.index(box[4]) for box in boxes],
        }
        lines.append(json.dumps({"file_name": f"{name}.png", "objects": objects}))
    return "\n".join(lines) + "\n"


def write_metadata(folder, data=DATA, classes=None):
    for split, images in data.items():
        write_images(folder / split, images)
        write(folder / split / "metadata.jsonl", metadata_lines(images, classes))
    return folder


def write_parquet(folder, data=DATA):
    (folder / "data").mkdir(parents=True)
    for split, images in data.items():
        rows = []
        for name, (size, boxes) in images.items():
            write_image(folder / "image.png", *size)
            content = (folder / "image.png").read_bytes()
            objects = {
                "bbox": [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2, _ in boxes],
                "category": [box[4] for box in boxes],
            }
            rows.append({"image": {"bytes": content, "path": f"{name}.png"}, "objects": objects})
        (folder / "image.png").unlink()
        pq.write_table(pa.Table.from_pylist(rows), folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def kitti_lines(boxes):
    return "".join(
        f"{label} 0.00 0 -1.57 {x1:.2f} {y1:.2f} {x2:.2f} {y2:.2f} 1.5 1.6 3.7 1.0 1.7 20.0 -1.5\n"
        for x1, y1, x2, y2, label in boxes
    )


def write_kitti(folder, data=DATA):
    for split, images in data.items():
        write_images(folder / split / "image_2", images)
        for name, (_, boxes) in images.items():
            write(folder / split / f"label_2/{name}.txt", kitti_lines(boxes))
    return folder


WRITERS = {
    "coco": write_coco,
    "voc": write_voc,
    "yolo": write_yolo,
    "csv": write_csv,
    "labelme": write_labelme,
    "cvat": write_cvat,
    "label-studio": write_label_studio,
    "via": write_via,
    "createml": write_createml,
    "metadata": write_metadata,
    "kitti": write_kitti,
    "parquet": write_parquet,
}
