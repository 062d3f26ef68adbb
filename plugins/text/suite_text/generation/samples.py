"""A few made-up passages, for trying the task without any data."""

from __future__ import annotations

import random

from suite.data import Dataset, Example
from suite_text.reading.cleaning import as_fact, cleaning_from
from suite_text.generation.options import TextOptions
from suite_text.generation.examples import Passages, indexed
from suite_text.generation.storage import Spool

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ANIMALS = ("cats", "dogs", "birds", "fish")
SENTENCES = 12
"""Of a passage."""


def sample() -> Dataset:
    """Counting up, animal by animal: what comes next is mostly known. The same passages at every call."""
    draws = random.Random(0)  # noqa: S311 (no secret)
    spool = Spool()

    def part(name: str, count: int) -> list[Example]:
        examples = []
        for number in range(count):
            text = "".join(
                map(_sentence, [draws.choice(ANIMALS) for _ in range(SENTENCES)], range(SENTENCES))
            )
            storage = spool.write([text])
            examples.append(Passages([indexed(f"{name}/{number}", storage, 1 << 20)])[0])
        return examples

    return Dataset(
        train=part("train", 48),
        validation=part("validation", 8),
        test=part("test", 8),
        facts={"cleaning": as_fact(cleaning_from(TextOptions()))},
        labels=_nothing,
    )


def _sentence(animals: str, number: int) -> str:
    first, second = (NUMBERS[(number + step) % len(NUMBERS)] for step in (0, 1))
    return f"After {first} {animals} come {second} {animals}.\n"


def _nothing(example: Example) -> tuple[str, ...]:
    del example
    return ()
