"""A few made-up translations, for trying the task without any data."""

from __future__ import annotations

import random
from itertools import product

from suite.data import Dataset, Example
from suite_text.reading.cleaning import Cleaning, as_fact

ADJECTIVES = {"red": "rot", "green": "grün", "big": "groß", "old": "alt"}
OBJECTS = {"dog": "Hund", "tree": "Baum", "chair": "Stuhl", "table": "Tisch"}
VERBS = {"sees": "sieht", "wants": "will", "knows": "kennt"}
NAMES = ("Ann", "Bo", "Cy")


def sample() -> Dataset:
    """English sentences of five words and their German translations: the same ones at every call.

    An adjective gets an ending, and with "wants" the verb goes to the end: word for word is not enough.
    """
    draws = random.Random(0)  # noqa: S311 (no secret)
    pairs = [
        translated(name, verb, adjective, item)
        for name, verb, adjective, item in product(NAMES, VERBS, ADJECTIVES, OBJECTS)
    ]
    draws.shuffle(pairs)

    def split(name: str, first: int, last: int) -> list[Example]:
        return [Example(f"{name}/{index}", *pair) for index, pair in enumerate(pairs[first:last])]

    return Dataset(
        train=split("train", 0, 108),
        validation=split("validation", 108, 126),
        test=split("test", 126, 144),
        facts={"source": "en", "target": "de", "cleaning": as_fact(Cleaning())},
    )


def translated(name: str, verb: str, adjective: str, item: str) -> tuple[str, str]:
    """A sentence of these English words, and its translation."""
    end = " sehen" if verb == "wants" else ""
    source = f"{name} {verb} {'to see ' if end else ''}the {adjective} {item} ."
    return source, f"{name} {VERBS[verb]} den {ADJECTIVES[adjective]}en {OBJECTS[item]}{end} ."
