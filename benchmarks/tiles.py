"""Small objects in large images, with tiles and without: train both ways on the same data, and print scores.

    python benchmarks/tiles.py [EPOCHS]

The images are made from `bccd` (in the folder that SUITE_DATA names, default: ../shared/data): 2560 x 1920
pixels, four times its own, on which six of its images lie at half their size, on a blurred one as background.
A platelet has 19 pixels there. No image of a split is in another one. Both trainings have the same epochs,
and everything else as `suite train` chooses it. The third line is the network without tiles predicting in
tiles all the same. Data and runs are kept in benchmarks/runs/tiles.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from suite.runs.directory import RunDirectory
from suite_images import reading
from suite_object_detection.loaders.voc import load
from suite_object_detection.options import VocOptions

HERE = Path(__file__).parent / "runs" / "tiles"
COUNTS = {"train": 100, "valid": 16, "test": 32}
SPLITS = {"train": "train", "valid": "validation", "test": "test"}
PASTED, ROWS, COLUMNS = 6, 240, 320
METRICS = ("map_small", "map", "map50")


def make(folder: Path) -> None:
    """Write the images, and a COCO file for each split."""
    bccd = load(Path(os.environ.get("SUITE_DATA", "../shared/data")) / "bccd", VocOptions())
    for number, (split, count) in enumerate(COUNTS.items()):
        rng = np.random.default_rng(number)
        examples = bccd.splits[SPLITS[split]]
        (folder / split).mkdir(parents=True)
        images, boxes = [], []
        for index in range(count):
            canvas, found = canvas_of([examples[int(i)] for i in rng.permutation(len(examples))], rng)
            name = f"{index:03}.jpg"
            cv2.imwrite(str(folder / split / name), canvas[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
            images.append({"id": index, "file_name": name, "height": 8 * ROWS, "width": 8 * COLUMNS})
            for x, y, width, height, label in found:
                boxes.append(
                    {"id": len(boxes) + 1, "image_id": index, "bbox": [x, y, width, height], "iscrowd": 0}
                    | {"area": width * height, "category_id": 1 + bccd.facts["classes"].index(label)}
                )
        categories = [{"id": 1 + i, "name": name} for i, name in enumerate(bccd.facts["classes"])]
        content = {"images": images, "annotations": boxes, "categories": categories}
        (folder / split / "_annotations.coco.json").write_text(json.dumps(content))


def canvas_of(examples, rng):  # type: ignore[no-untyped-def]
    """A canvas and its boxes: the first example blurred as background, the next six pasted at half size."""
    small = cv2.resize(reading.read(examples[0].input), (16, 12), interpolation=cv2.INTER_AREA)
    canvas = cv2.resize(small, (8 * COLUMNS, 8 * ROWS), interpolation=cv2.INTER_CUBIC)
    boxes = []
    for cell, example in zip(rng.permutation(49)[:PASTED], examples[1:], strict=False):
        # Cells of seven by seven leave room to shift each image, so borders lie anywhere.
        x = int(cell % 7 * 8 * COLUMNS / 7 + rng.integers(0, COLUMNS // 7))
        y = int(cell // 7 * 8 * ROWS / 7 + rng.integers(0, ROWS // 7))
        pixels = reading.read(example.input)
        scale = ROWS / pixels.shape[0]
        canvas[y : y + ROWS, x : x + COLUMNS] = cv2.resize(
            pixels, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA
        )
        for (x1, y1, x2, y2), label in zip(example.target["boxes"], example.target["labels"], strict=True):
            boxes.append((x + x1 * scale, y + y1 * scale, (x2 - x1) * scale, (y2 - y1) * scale, label))
    return canvas, boxes


def suite(*words: str) -> None:
    """Run the command line."""
    subprocess.run(["suite", *words], check=True)


def main() -> None:
    epochs = sys.argv[1] if len(sys.argv) > 1 else "40"
    data = HERE / "data"
    if not data.exists():
        make(data)
    scores = {}
    for name, tiles in {"whole": "off", "tiles": "auto"}.items():
        if not (HERE / name / "metrics.json").exists():
            suite("train", "object-detection", str(data), "--out", str(HERE / name), "--epochs", epochs,
                  "--set", f"model.tiles={tiles}")  # fmt: skip
        run = RunDirectory.open(HERE / name)
        scores[f"{name}: {run.history()[-1]['seconds'] / 60:.1f} minutes"] = run.metrics
    later = HERE / "whole" / "evaluations" / "tiles"
    if not later.exists():
        suite("evaluate", str(HERE / "whole"), "--set", "prediction.tiles=512", "--out", str(later))
    scores["whole, predicting in tiles"] = json.loads((later / "metrics.json").read_text())
    for name, content in scores.items():
        print(name)
        for metric in METRICS:
            low, high = content["intervals"]["test"].get(metric, (float("nan"),) * 2)
            print(f"    {metric} {content['test'][metric]:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
