"""What each of several processes that train together reads and computes of a batch, from JPEG files.

    python benchmarks/shared_batches.py [--processes 2] [--images 600] [--side 256] [--batch 32] [--epochs 2]

The processes make the batches of the same epochs at the same time, as they do beside a training, and nothing
else: first each makes whole batches and takes its rows (as suite did until 2026-11-29, and as a batch maker
without `make_rows` still does), then each makes its rows alone. Nothing is kept in memory. Settings are the
recipes' for photographs (with MixUp and CutMix, and without), and for detection (with a mosaic of four, and
without). Rows must be equal to the last bit.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from suite.data.dataset import Example
from suite.process_group import ProcessGroup
from suite.training.batches import Batches, EpochPlan, PreparedExamples
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.batches import ImageBatches
from suite_image_classification.codec import ImageCodec
from suite_object_detection.batches.augmentation import Augmentation as DetectionAugmentation
from suite_object_detection.batches.detection_batches import DetectionBatches
from suite_object_detection.codec import DetectionCodec

CROPS = {"crop": 0.35, "aspect_ratio": 1.25, "rotate": 10.0, "color_jitter": 0.4, "erase": 0.25, "flip": True}
VIEWS = {"scale": (0.5, 1.5), "aspect_ratio": 1.1, "color_jitter": 0.3, "flip": True}
MAKERS: dict[str, Any] = {
    "photographs": Augmentation(**CROPS),
    "photographs, MixUp and CutMix": Augmentation(**CROPS, mixup=0.15, cutmix=0.3),
    "detection": DetectionAugmentation(**VIEWS),
    "detection, mosaic": DetectionAugmentation(**VIEWS, mosaic=1.0),
}


class Share(NamedTuple):
    """What a process did: images prepared, its processor seconds, and a digest of its rows."""

    prepared: int
    processor: float
    seconds: float
    digest: str


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("processes", 2), ("images", 600), ("side", 256), ("batch", 32), ("epochs", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    steps = -(-chosen.images // chosen.batch) * chosen.epochs
    print(f"of a batch of {chosen.batch}, for each of {chosen.processes} processes, {steps} steps")
    columns = [f"{what}: whole batches | its rows" for what in ("images read", "processor ms", "batches/s")]
    print(f"| settings | {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(chosen.processes, context) as pool:
        write_images(Path(folder), chosen.images, chosen.side)
        for name in MAKERS:
            cells = []
            digests = []
            for rows_alone in (False, True):
                jobs = [(folder, name, chosen, rank, rows_alone) for rank in range(chosen.processes)]
                shares = list(pool.map(make, jobs))
                digests.append([share.digest for share in shares])
                mean = [np.mean([share[number] for share in shares]) / steps for number in range(3)]
                cells.append((f"{mean[0]:.1f}", f"{1000 * mean[1]:.1f}", f"{1 / mean[2]:.1f}"))
            assert digests[0] == digests[1], f"{name}: the rows differ"
            print(
                f"| {name} | " + " | ".join(f"{a} | {b}" for a, b in zip(*cells, strict=True)) + " |",
                flush=True,
            )


def write_images(folder: Path, count: int, side: int) -> None:
    """Smooth images of noise, as JPEG files."""
    rng = np.random.default_rng(0)
    for number in range(count):
        small = rng.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:05}.jpg"), cv2.resize(small, (side, side)))


def make(job: tuple[str, str, argparse.Namespace, int, bool]) -> Share:
    """Make this process's rows of all batches."""
    folder, name, chosen, rank, rows_alone = job
    maker, target = maker_of(name, chosen.side)
    examples = [Example(path.name, path, target) for path in sorted(Path(folder).glob("*.jpg"))]
    count = 0

    def prepare(example: Example) -> Any:
        nonlocal count
        count += 1
        return maker.prepare(example)

    plan = EpochPlan(len(examples), chosen.batch, seed=0)
    rows = ProcessGroup(rank, chosen.processes).rows(chosen.batch)
    steps = chosen.epochs * plan.steps_per_epoch
    batches = Batches(
        plan,
        PreparedExamples(examples, prepare, budget=0),
        maker,
        first_step=0,
        last_step=steps,
        total_steps=steps + 1,
        threads=1,
        rows=rows if rows_alone else slice(None),
    )
    digest = hashlib.sha256()
    began, processor = time.perf_counter(), time.process_time()
    for step in range(steps):
        for array in batches[step]:
            digest.update(np.ascontiguousarray(array if rows_alone else array[rows]))
    seconds, busy = time.perf_counter() - began, time.process_time() - processor
    batches.close()
    return Share(count, busy, seconds, digest.hexdigest())


def maker_of(name: str, side: int) -> tuple[Any, Any]:
    """A batch maker, and the target of every example."""
    settings = MAKERS[name]
    if isinstance(settings, Augmentation):
        return ImageBatches(codec=ImageCodec(classes=("a", "b"), size=(112, 112)), augmentation=settings), "a"
    codec = DetectionCodec(classes=("a",), size=(192, 192), max_boxes=20)
    target = {"size": [side, side], "boxes": [[10, 10, 90, 90]], "labels": ["a"]}
    return DetectionBatches(codec=codec, augmentation=settings), target


if __name__ == "__main__":
    main()
