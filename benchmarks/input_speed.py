"""Photographs per second: decoded, cropped at random, mirrored and resized, by suite and by tf.data.

    python benchmarks/input_speed.py [--data ../shared/data/clothing] [--size 112] [--rounds 5]

Both read the same JPEG files from disk, decode them, cut a random part of 35 to 100 % of the area with a
random change of its aspect ratio, mirror half of them, resize to a square and give uint8 batches of 32,
with as many threads as the process has cores. They take turns, an epoch each, in one process. The ratio is
that of the medians, per second and per second of processor time (all threads), which other processes of a
busy machine disturb less. Both are measured twice: reading every file in every epoch, and with the decoded
images kept in memory (`cache()` in tf.data), which is suite's default if they fit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

import suite
import suite_image_classification
from suite.data.dataset import Dataset
from suite.data.loading import load_dataset
from suite.devices import cores
from suite.training.batches import Batches, EpochPlan
from suite.training.prepared import PreparedExamples
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.batches import ImageBatches
from suite_image_classification.codec import ImageCodec

AREA = (0.35, 1.0)
ASPECT_RATIO = 1.25
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    shared = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=shared / "clothing")
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    tf.config.set_visible_devices([], "GPU")
    host = suite.Host(suite_image_classification, discover=False)
    dataset, _ = load_dataset(host, "image-classification", str(arguments.data))
    steps = len(dataset.train) // BATCH
    print(f"{steps * BATCH} photographs to {arguments.size} x {arguments.size}, {cores()} cores")
    for kept in (False, True):
        ours = suite_epochs(dataset, arguments.size, steps, kept)
        theirs = tf_data_epochs(dataset, arguments.size, steps, kept)
        taken: dict[str, list[float]] = {"suite": [], "tf.data": []}
        busy: dict[str, list[float]] = {"suite": [], "tf.data": []}
        for number in range(arguments.rounds + 1):
            for name, epoch in (("suite", ours), ("tf.data", theirs)):
                start, processor = time.perf_counter(), time.process_time()
                epoch()
                if number:  # the first round fills caches
                    taken[name].append(time.perf_counter() - start)
                    busy[name].append(time.process_time() - processor)
        for clock, seconds in (("second", taken), ("processor second", busy)):
            speed = {name: steps * BATCH / statistics.median(times) for name, times in seconds.items()}
            print(
                f"{'kept in memory' if kept else 'read every time':16} per {clock:16}"
                f" suite {speed['suite']:7.0f}   tf.data {speed['tf.data']:7.0f}"
                f"   ratio {speed['suite'] / speed['tf.data']:.2f}"
            )


def suite_epochs(dataset: Dataset, size: int, steps: int, kept: bool) -> Callable[[], None]:
    codec = ImageCodec(classes=tuple(dataset.facts["classes"]), size=(size, size))
    maker = ImageBatches(
        codec=codec, augmentation=Augmentation(crop=AREA[0], aspect_ratio=ASPECT_RATIO, flip=True)
    )
    prepared = PreparedExamples(dataset.train, maker.prepare, budget=(1 << 40) if kept else 0)
    epoch = 0

    def run() -> None:
        nonlocal epoch
        plan = EpochPlan(len(dataset.train), BATCH, seed=0)
        first = epoch * plan.steps_per_epoch
        batches = Batches(
            plan,
            prepared,
            maker,
            first_step=first,
            last_step=first + steps,
            total_steps=1 << 30,
            threads=max(2, cores()),
        )
        for item in range(steps):
            images, _ = batches[item]
            assert images.shape == (BATCH, size, size, 3)
        batches.close()
        epoch += 1

    return run


def tf_data_epochs(dataset: Dataset, size: int, steps: int, kept: bool) -> Callable[[], None]:
    classes = list(dataset.facts["classes"])
    train = [dataset.train[index] for index in range(len(dataset.train))]
    files = [example.input.name for example in train]
    labels = [classes.index(example.target) for example in train]

    def read(path: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.io.decode_jpeg(tf.io.read_file(path), channels=3), tf.one_hot(label, len(classes))

    def augment(image: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        begin, extent, _ = tf.image.sample_distorted_bounding_box(
            tf.shape(image),
            tf.zeros([1, 0, 4]),
            area_range=AREA,
            aspect_ratio_range=(1 / ASPECT_RATIO, ASPECT_RATIO),
            use_image_if_no_bounding_boxes=True,
        )
        image = tf.image.resize(tf.slice(image, begin, extent), (size, size))
        image = tf.image.random_flip_left_right(image)
        return tf.cast(image + 0.5, tf.uint8), target

    pipeline = tf.data.Dataset.from_tensor_slices((files, labels))
    if kept:
        pipeline = pipeline.map(read, num_parallel_calls=tf.data.AUTOTUNE).cache().shuffle(len(files))
    else:
        pipeline = pipeline.shuffle(len(files)).map(read, num_parallel_calls=tf.data.AUTOTUNE)
    pipeline = pipeline.map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    pipeline = pipeline.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)

    def run() -> None:
        seen = sum(1 for images, _ in pipeline if images.shape == (BATCH, size, size, 3))
        assert seen == steps

    return run


if __name__ == "__main__":
    main()
