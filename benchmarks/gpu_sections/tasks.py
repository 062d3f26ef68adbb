"""Detection, speech recognition and text generation: examples per second on the device, and on the processor.

The examples are made up, of the sizes that real ones have, and kept in memory. Network, batch size and
precision are what `suite train` chooses on each, but for the batch size. Lengths differ, so that shapes are
compiled until all have been seen: what counts is the median, in which that does not show.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import suite
from gpu_sections.measurement import Clock, Measurement, repeated, train


def speed(measurement: Measurement) -> None:
    """Examples per second of one task on one device."""
    task = measurement.options["task"]
    dataset, arguments = DATA[task](measurement.quick)
    clock = Clock(measurement, 1000, seconds=2.0 if measurement.quick else 8.0)
    arguments.setdefault("training", {}).update(epochs=1000, validation_every=1000)
    arguments["runtime"] = {"device": measurement.options["device"], "cache": "auto"}
    train(measurement, task, dataset, clock, **arguments)


def detection(quick: bool) -> tuple[suite.Dataset, dict[str, Any]]:
    """Images of 256 x 384 pixels, with up to three shapes."""
    sample = importlib.import_module("suite_object_detection.samples").sample()
    factor = 1 if quick else 4

    def larger(example: suite.Example) -> suite.Example:
        target = example.target
        return suite.Example(
            example.id,
            example.input.repeat(factor, 0).repeat(factor, 1),
            {
                **target,
                "size": [factor * side for side in target["size"]],
                "boxes": [[factor * edge for edge in box] for box in target["boxes"]],
            },
        )

    def split(examples: Sequence[suite.Example]) -> list[suite.Example]:
        return [larger(example) for example in examples]

    dataset = suite.Dataset(
        train=repeated(split(sample.train), 64 if quick else 4096),
        validation=split(sample.validation),
        test=split(sample.test),
        facts=sample.facts,
    )
    # For both devices the same, or the processor would not be compared with the device.
    return dataset, {
        "training": {"batch_size": 8 if quick else 32},
        "model": {"size": [64, 96]} if quick else {},
    }


def speech(quick: bool) -> tuple[suite.Dataset, dict[str, Any]]:
    """Utterances of about five seconds at 8 kHz."""
    samples = importlib.import_module("suite_speech_recognition.samples")
    generator = np.random.default_rng(0)

    def split(name: str, count: int) -> list[suite.Example]:
        examples = []
        for number in range(count):
            words = ["".join(generator.choice(list(samples.LETTERS), 3)) for _ in range(2 if quick else 10)]
            speaker = list(samples.SPEAKERS)[number % len(samples.SPEAKERS)]
            heard = samples.utterance(" ".join(words), speaker, generator)
            examples.append(
                suite.Example(f"{name}/{number}", heard, {"text": " ".join(words), "speaker": speaker})
            )
        return examples

    dataset = suite.Dataset(
        train=repeated(split("train", 48), 96 if quick else 4096),
        validation=split("validation", 8),
        test=split("test", 8),
        facts={"rate": samples.RATE},
    )
    return dataset, {"training": {"batch_size": 8 if quick else 32}}


def generation(quick: bool) -> tuple[suite.Dataset, dict[str, Any]]:
    """Passages of about 300 characters, and on the device's account a network that is not tiny."""
    sample = importlib.import_module("suite_text.generation.samples").sample()
    passages = [sample.train[index] for index in range(len(sample.train))]
    dataset = suite.Dataset(
        train=repeated(passages, 96 if quick else 8192),
        validation=sample.validation,
        test=sample.test,
        facts=sample.facts,
        labels=sample.labels,
    )
    network = {"network": "tiny" if quick else "small"}
    return dataset, {"training": {"batch_size": 16 if quick else 64}, "model": network}


DATA: dict[str, Callable[[bool], tuple[suite.Dataset, dict[str, Any]]]] = {
    "object-detection": detection,
    "speech-recognition": speech,
    "text-generation": generation,
}
