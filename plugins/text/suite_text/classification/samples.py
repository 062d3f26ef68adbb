"""A few made-up questions and orders, for trying the task without any data."""

from __future__ import annotations

import random

from suite.data import Dataset, Example
from suite_text.reading.cleaning import Cleaning, as_fact

NAMES = ("Ann", "Bo", "Cy", "Di", "Ed")
OBJECTS = ("lamp", "book", "tree", "boat", "kite", "drum")
PATTERNS = {
    "order": ("buy a {item} for {name}", "please bring me the {item}", "give {name} a {item} now"),
    "place": ("where is the {item} ?", "in which room is {name} ?", "where did {name} put the {item} ?"),
    "time": (
        "when does {name} see the {item} ?",
        "at what time is the {item} ready ?",
        "when was {name} here ?",
    ),
}
"""Sentences by class."""


def sample() -> Dataset:
    """Sentences of three classes, made of a few patterns: the same ones at every call."""
    draws = random.Random(0)  # noqa: S311 (no secret)
    sentences = {
        pattern.format(item=item, name=name): label
        for label, patterns in PATTERNS.items()
        for pattern in patterns
        for item in OBJECTS
        for name in NAMES
    }
    by_class: dict[str, list[str]] = {label: [] for label in PATTERNS}
    for sentence in draws.sample(sorted(sentences), len(sentences)):
        by_class[sentences[sentence]].append(sentence)

    def split(name: str, first: int, last: int) -> list[Example]:
        chosen = [(text, label) for label, texts in by_class.items() for text in texts[first:last]]
        draws.shuffle(chosen)
        return [Example(f"{name}/{index}", *pair) for index, pair in enumerate(chosen)]

    return Dataset(
        train=split("train", 0, 24),
        validation=split("validation", 24, 30),
        test=split("test", 30, 36),
        facts={"classes": sorted(PATTERNS), "multi_label": False, "cleaning": as_fact(Cleaning())},
    )
