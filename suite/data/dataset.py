"""What a data loader gives: examples with random access, decoded on demand, in up to three splits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from suite.data.columns import listed
from suite.data.examples import Example as Example
from suite.data.examples import Examples as Examples
from suite.data.examples import Subset as Subset
from suite.data.examples import Target as Target
from suite.data.examples import spans
from suite.options import Options
from suite.wording import some


class Problem(str):
    """A sentence on what a loader left out or found odd; `suite inspect` lists all of its locations.

    Args:
        text: the sentence, to be followed by the first few of `locations`.
        locations: all locations (files, lines).
        wrong: whether it should be put right; else it is only worth a look.
        of_training: whether it matters only to those who train: `suite evaluate` says nothing of it.
    """

    locations: Sequence[str]
    wrong: bool
    of_training: bool
    sentence: str
    """The text without locations."""

    def __new__(
        cls, text: str, locations: Sequence[str] = (), *, wrong: bool = True, of_training: bool = False
    ) -> Problem:
        """The sentence as it is shown if there is room for a few locations only."""
        sentence = text
        if locations:
            text = f"{text}: {some(locations)}"
        problem = super().__new__(cls, text)
        problem.locations = locations
        problem.wrong = wrong
        problem.of_training = of_training
        problem.sentence = sentence
        return problem


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What a loader found.

    Attributes:
        train: the examples to learn from.
        validation: the split by which weights are chosen, or None if the data has none; the host then
            takes a seeded, stratified share of `train`.
        test: the split that is scored once, or None.
        facts: what is known of all splits before any decoding, as JSON values: class names, say. Which
            keys there are is part of the task's documented types.
        problems: what the loader had to leave out or found odd, a sentence each with the location, or a
            `Problem` with many.
        groups: `groups(example) -> hashable`: examples of one group stay on one side of a made split (a
            speaker, say). None if there are no groups; exact duplicates always stay together.
        labels: `labels(example) -> names`: what made splits hold in equal shares, and train never lacks,
            if targets are more than that (the classes of an image's boxes, say). None if the target
            itself is the class, or a list of classes.
        order: `order(example) -> comparable`: when an example happened. Made splits are then the last ones:
            validation after train, test after validation. None if time plays no role.
        gap: how many examples between two splits in time are left out, so that none of one split overlaps
            the next.
        options: the loader's options with what "auto" became; None leaves them as they were given.
    """

    train: Examples
    validation: Examples | None = None
    test: Examples | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()
    groups: Callable[[Example], Hashable] | None = None
    labels: Callable[[Example], Collection[str]] | None = None
    order: Callable[[Example], Any] | None = None
    gap: int = 0
    options: Options | None = None

    @classmethod
    def of(
        cls,
        inputs: Sequence[Any],
        targets: Sequence[Target],
        *,
        validation: tuple[Sequence[Any], Sequence[Target]] | None = None,
        test: tuple[Sequence[Any], Sequence[Target]] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Dataset:
        """A data set in memory.

        Args:
            inputs: of the training examples: arrays, texts, paths, whatever the task's codecs can encode.
            targets: of the same examples, plain JSON values.
            validation: inputs and targets of the validation split.
            test: inputs and targets of the test split.
            facts: see `facts`; what is left out is derived by the task, if it can.

        Raises:
            ValueError: if there are not as many targets as inputs.
        """

        def examples(name: str, pair: tuple[Sequence[Any], Sequence[Target]]) -> list[Example]:
            if len(pair[0]) != len(pair[1]):
                raise ValueError(f"{name} has {len(pair[0])} inputs and {len(pair[1])} targets")
            return [
                Example(f"{name} {index}", raw, target)
                for index, (raw, target) in enumerate(zip(*pair, strict=True))
            ]

        return cls(
            train=examples("train", (inputs, targets)),
            validation=None if validation is None else examples("validation", validation),
            test=None if test is None else examples("test", test),
            facts=facts or {},
        )

    @property
    def splits(self) -> dict[str, Examples]:
        """The splits that exist, by name, in the order train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}


def digest(raw: Any) -> bytes:
    """A 16-byte BLAKE2b digest of the content of an example's input: equal inputs, equal digests.

    `raw` may be a source (anything with `read() -> bytes`), bytes, text, an array, or any value that
    JSON can hold.
    """
    if hasattr(raw, "read"):
        content = raw.read()
    elif isinstance(raw, bytes):
        content = raw
    elif isinstance(raw, str):
        content = raw.encode("utf-8", "surrogatepass")
    elif isinstance(raw, np.ndarray):
        content = f"{raw.dtype}{raw.shape}".encode() + np.ascontiguousarray(raw).tobytes()
    else:
        content = msgspec.json.encode(raw, enc_hook=_array_digest)
    return hashlib.blake2b(content, digest_size=16).digest()


def _array_digest(value: Any) -> str:
    """What stands for an array within an input that is not one itself (`(array, rate)`, say)."""
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")
    return digest(np.asarray(value)).hex()


def fingerprint(dataset: Dataset) -> str:
    """A short name for the data as the loader listed it: changes when an id, a target or a split does.

    Contents are not read: that would take minutes for a million files.
    """
    total = hashlib.blake2b(digest_size=12)
    for split_name, split in dataset.splits.items():
        total.update(f"{split_name} {len(split)}\n".encode())
        for span in spans(len(split)):
            lines = "".join([f"{name}\t{size}\t{target}\n" for name, size, target in listed(split, span)])
            total.update(lines.encode("utf-8", "surrogatepass"))
    return total.hexdigest()
