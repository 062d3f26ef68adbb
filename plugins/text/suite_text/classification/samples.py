"""A few made-up questions and orders, for trying the task without any data."""

from __future__ import annotations

import random

from suite.data import Dataset, Example
from suite_text.reading.cleaning import Cleaning, as_fact

NAMES = ("Ann", "Bo", "Cy", "Di", "Ed")
THINGS = ("lamp", "book", "tree", "boat", "kite", "drum")
PATTERNS = {
    "order": ("buy a {thing} for {name}", "please bring me the {thing}", "give {name} a {thing} now"),
    "place": ("where is the {thing} ?", "in which room is {name} ?", "where did {name} put the {thing} ?"),
    "time": (
        "when does {name} see the {thing} ?",
        "at what time is the {thing} ready ?",
        "when was {name} here ?",
    ),
}
"""Sentences by class."""


def sample() -> Dataset:
    """Sentences of three classes, made of a few patterns: the same ones at every call."""
    draws = random.Random(0)  # noqa: S311 (no secret)
    sentences = {
        pattern.format(thing=thing, name=name): label
        for label, patterns in PATTERNS.items()
        for pattern in patterns
        for thing in THINGS
        for name in NAMES
    }
    by_class: dict[str, list[str]] = {label: [] for label in PATTERNS}
    for sentence in draws.sample(sorted(sentences), len(sentences)):
        by_class[sentences[sentence]].append(sentence)

    def part(name: str, first: int, last: int) -> list[Example]:
        chosen = [(text, label) for label, texts in by_class.items() for text in texts[first:last]]
        draws.shuffle(chosen)
        return [Example(f"{name}/{index}", *pair) for index, pair in enumerate(chosen)]

    return Dataset(
        train=part("train", 0, 24),
        validation=part("validation", 24, 30),
        test=part("test", 30, 36),
        facts={"classes": sorted(PATTERNS), "multi_label": False, "cleaning": as_fact(Cleaning())},
    )
