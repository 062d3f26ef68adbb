"""A 50-layer residual network on photographs: streamed from JPEG files by the suite, and a loop by hand.

Both train the same network with the same optimizer, in mixed bfloat16, on images that were cut and mirrored
at random. The suite reads, decodes and augments every file in every epoch. The loop by hand has batches that
the suite made ready in memory, so that nothing but the device limits it.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import suite
from gpu_sections.measurement import PLUGINS, Clock, Measurement, train
from suite.devices import activate, cores

TASK = "image-classification"
CLASSES = 10


@dataclass(frozen=True)
class Size:
    """How much is trained."""

    side: int
    batch: int
    files: int
    steps: int  # of an epoch, in which each file is read several times


FULL = Size(side=224, batch=256, files=6144, steps=160)
QUICK = Size(side=64, batch=8, files=48, steps=24)


def size_of(measurement: Measurement) -> Size:
    return QUICK if measurement.quick else FULL


def settings(measurement: Measurement) -> dict[str, Any]:
    """What `suite train` is told, in both trainings."""
    size = size_of(measurement)
    # A rehearsal is not to wait a minute and more for a processor to compile 50 layers.
    small = {"name": "residual", "architecture": "photograph", "width": 8}
    network = small if measurement.quick else {"name": "applications", "family": "ResNet50"}
    return {
        "model": {
            **network,
            "size": size.side,
            "dropout": 0.0,
            "crop": 0.35,
            "aspect_ratio": 1.25,
            "flip": True,
            **dict.fromkeys(("rotate", "color_jitter", "grayscale", "erase", "mixup", "cutmix"), 0.0),
            "rand_augment": 0,
        },
        "training": {
            "epochs": 1000,
            "batch_size": size.batch,
            "optimizer": "sgd",
            "learning_rate": 0.01,
            "clip_norm": 0.0,
            "weight_decay": 5e-5,
            "validation_every": 1000,
        },
    }


def streamed(measurement: Measurement) -> None:
    """Images per second of the suite: every file read in every epoch, then decoded images kept in memory."""
    size, dataset = size_of(measurement), photographs(measurement)
    network = "a small network" if measurement.quick else "50-layer residual network"
    measurement.keep(network=network, batch=size.batch, side=size.side)
    ends = measurement.ends
    for name, cache in (("files", "none"), ("decoded", "memory")):
        if name == "files":  # the second training compiles nothing, and needs less
            measurement.ends = ends - 0.25 * measurement.seconds_left
        clock = Clock(measurement, 20, seconds=2.0 if measurement.quick else 20.0, name=name)
        told = settings(measurement)
        told["runtime"] = {"cache": cache, "precision": "mixed_bfloat16"}
        train(measurement, TASK, dataset, clock, **told)
        measurement.ends = ends
        if measurement.backend == "torch":
            return


def by_hand(measurement: Measurement) -> None:
    """Images per second of a loop in JAX over batches in memory: the host's, then the device's."""
    pipeline, options, batches = made_ready(measurement)
    import jax

    from suite.training.optimizers import make_optimizer

    model, loss = pipeline.network, pipeline.loss
    optimizer = make_optimizer(options, 1000)
    optimizer.build(model.trainable_variables)

    def step(trained: Any, others: Any, momenta: Any, images: Any, targets: Any) -> Any:
        def loss_of(trained: Any, others: Any) -> Any:
            outputs, others = model.stateless_call(trained, others, images, training=True)
            return loss(targets, outputs), others

        (value, others), gradients = jax.value_and_grad(loss_of, has_aux=True)(trained, others)
        trained, momenta = optimizer.stateless_apply(momenta, gradients, trained)
        return trained, others, momenta, value

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    state: list[Any] = [
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables, optimizer.variables)
    ]
    began = time.perf_counter()
    *state, value = compiled(*state, *batches[0])
    value.block_until_ready()
    measurement.keep(seconds_of_first_step=time.perf_counter() - began)

    def measured(source: Iterator[Any], seconds: float) -> float:
        nonlocal state
        done, began, value = 0, time.perf_counter(), None
        while time.perf_counter() - began < seconds:
            for _ in range(len(batches)):
                *state, value = compiled(*state, *next(source))
            value.block_until_ready()
            done += len(batches)
        return done * len(batches[0][0]) / (time.perf_counter() - began)

    seconds = 2.0 if measurement.quick else min(10.0, 0.4 * measurement.seconds_left)
    measured(one_ahead(batches), 0.1 * seconds)
    measurement.keep(items_per_second=measured(one_ahead(batches), seconds))
    there = [jax.device_put(batch) for batch in batches]
    measurement.keep(on_device_items_per_second=measured(forever(there), seconds))


def forever(batches: list[Any]) -> Iterator[Any]:
    while True:
        yield from batches


def one_ahead(batches: list[Any]) -> Iterator[Any]:
    """Batches on the device, the next of which is on its way while one is computed."""
    import jax

    source = forever(batches)
    following = jax.device_put(next(source))
    while True:
        current, following = following, jax.device_put(next(source))
        yield current


def made_ready(measurement: Measurement) -> tuple[Any, Any, list[Any]]:
    """The pipeline that the suite trains, its training options, and a few of its batches."""
    activate(measurement.backend)  # before anything imports Keras
    from suite.runs.arguments import configuration_of
    from suite.runs.build import build
    from suite.training.batches import EpochPlan
    from suite.training.progress import Listener

    host = suite.Host(importlib.import_module(PLUGINS[TASK]), discover=False)
    told = settings(measurement)
    runtime = {"backend": measurement.backend, "precision": "mixed_bfloat16"}
    configuration, dataset = configuration_of(
        host, TASK, photographs(measurement), told["model"], None, None, told["training"], None, runtime,
        (), None, None, (),
    )  # fmt: skip
    experiment = build(host, configuration, Listener(), dataset)
    pipeline, examples = experiment.pipeline, experiment.dataset.train
    size = size_of(measurement)
    plan = EpochPlan(len(examples), size.batch, 0)

    def batch(step: int) -> Any:
        prepared = [pipeline.batches.prepare(examples[int(index)]) for index in plan.indices(0, step)]
        return pipeline.batches.make(prepared, plan.generator(0, step), 0.0)

    with ThreadPoolExecutor(cores()) as pool:
        batches = list(pool.map(batch, range(4 if measurement.quick else 8)))
    return pipeline, experiment.configuration.training, batches


def photographs(measurement: Measurement) -> suite.Dataset:
    """Made-up photographs of 375 x 500 pixels in files, each of them many times in an epoch."""
    size = size_of(measurement)
    folder = measurement.folder / "photographs"
    if not (folder / "done").exists():
        write_photographs(folder, size.files)
        (folder / "done").touch()
    files = sorted(folder.glob("*/*.jpg"))
    chosen = [files[index % len(files)] for index in range(size.batch * size.steps)]
    held = files[: size.batch]
    return suite.Dataset.of(
        [str(path) for path in chosen],
        [path.parent.name for path in chosen],
        validation=([str(path) for path in held], [path.parent.name for path in held]),
    )


def write_photographs(folder: Path, count: int) -> None:
    """JPEG files of about 60 kB, no two alike: soft blobs of color under grain."""
    import cv2

    generator = np.random.default_rng(0)
    grain = generator.normal(0, 5, (475, 600, 3)).astype(np.float32)
    for label in range(CLASSES):
        (folder / f"class {label}").mkdir(parents=True, exist_ok=True)

    def write(number: int) -> None:
        own = np.random.default_rng([1, number])
        coarse = own.uniform(0, 255, (12, 16, 3)).astype(np.float32)
        y, x = own.integers(0, 100, 2)
        image = (
            cv2.resize(coarse, (500, 375), interpolation=cv2.INTER_CUBIC) + grain[y : y + 375, x : x + 500]
        )
        path = folder / f"class {number % CLASSES}" / f"{number}.jpg"
        cv2.imwrite(str(path), np.clip(image, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(write, range(count)))
