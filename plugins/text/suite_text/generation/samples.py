"""A few made-up passages, for trying the task without any data."""

from __future__ import annotations

import random

from suite.data import Dataset, Example
from suite_text.generation.examples import Passages, indexed, no_labels
from suite_text.generation.options import TextOptions
from suite_text.generation.storage import Spool
from suite_text.reading.cleaning import as_fact, cleaning_from

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ANIMALS = ("cats", "dogs", "birds", "fish")
SENTENCES = 12
"""Of a passage."""


def sample() -> Dataset:
    """Counting up, animal by animal: what comes next is mostly certain. The same passages at every call."""
    draws = random.Random(0)  # noqa: S311 (no secret)
    spool = Spool()

    def split(name: str, count: int) -> list[Example]:
        examples = []
        for number in range(count):
            text = "".join(
                map(_sentence, [draws.choice(ANIMALS) for _ in range(SENTENCES)], range(SENTENCES))
            )
            storage = spool.write([text])
            examples.append(Passages([indexed(f"{name}/{number}", storage, 1 << 20)])[0])
        return examples

    return Dataset(
        train=split("train", 48),
        validation=split("validation", 8),
        test=split("test", 8),
        facts={"cleaning": as_fact(cleaning_from(TextOptions()))},
        labels=no_labels,
    )


def _sentence(animals: str, number: int) -> str:
    first, second = (NUMBERS[(number + step) % len(NUMBERS)] for step in (0, 1))
    return f"After {first} {animals} come {second} {animals}.\n"
