"""Which examples to show to somebody who looks at data: those that findings name, and a few of each class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from suite.data.dataset import Dataset, Example
from suite.data.findings import Finding

MAX_LOCATIONS = 200
"""Locations of a finding that are looked up: more are never shown."""

MAX_OF_A_LABEL = 4
"""Examples that are shown for a finding on a class."""

MAX_LOOKED_AT = 100_000
"""Examples of a split whose classes are looked at: enough to find some of each class."""

_ENDS = re.compile(r": | = | ~ | \(|\)|, ")
"""What may follow the name of an example in a location: `3.jpg: 20 x 1`, `a.jpg = b.jpg`, `3.txt, line 4`."""
_SUFFIX = re.compile(r"\.\w{1,5}(?= )")
"""`a/3.png is a truncated PNG`: a name that may hold spaces ends with the ending of a file."""
_QUOTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Examples that are shown together.

    Attributes:
        title: what they have in common.
        examples: the examples.
        lines: what is said of them, a line each; empty if nothing is.
        wrong: whether they show something that should be put right.
    """

    title: str
    examples: Sequence[Example]
    lines: Sequence[str] = ()
    wrong: bool = False


def suspicious(
    dataset: Dataset, findings: Sequence[Finding], *, max_each: int = 8, max_all: int = 60
) -> list[Shown]:
    """The examples that findings name, what is wrong before what is odd.

    A location names an example by its id, by the name of a file, or by the name of a class.

    Args:
        dataset: that was looked at.
        findings: of its inspection.
        max_each: examples for a finding at most.
        max_all: examples at most.
    """
    ordered = sorted(
        (finding for finding in findings if finding.locations), key=lambda found: not found.wrong
    )
    names = [[_names(str(location)) for location in finding.locations[:MAX_LOCATIONS]] for finding in ordered]
    known = _Known(dataset, {word for locations in names for words in locations for word in words})
    shown = []
    left = max_all
    for finding, locations in zip(ordered, names, strict=True):
        examples: dict[tuple[str, int], Example] = {}
        lines = []
        for location, words in zip(finding.locations, locations, strict=False):
            found = known.named(words)
            if found:
                lines.append(str(location))
                examples.update((key, dataset.splits[key[0]][key[1]]) for key in found)
            if len(examples) >= min(max_each, left):
                break
        if examples:
            chosen = list(examples.values())[: min(max_each, left)]
            left -= len(chosen)
            shown.append(Shown(title=headline(finding), examples=chosen, lines=lines, wrong=finding.wrong))
        if left <= 0:
            break
    return shown


def headline(finding: Finding) -> str:
    """The sentence of a finding without its first locations, which a `Problem` has in its text."""
    start = f": '{finding.locations[0]}'" if finding.locations else ""
    return finding.text.partition(start)[0] if start and start in finding.text else finding.text


def typical(dataset: Dataset, *, seed: int = 0, train: int = 36, others: int = 12) -> list[Shown]:
    """A few examples of each class and split, chosen by chance but always the same ones.

    Args:
        dataset: its labels (`Dataset.labels`, else its targets) are the classes.
        seed: of the choice.
        train: examples of the training split at most.
        others: examples of each other split at most.
    """
    shown = []
    for name, split in dataset.splits.items():
        room = train if name == "train" else others
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(split)) if len(split) else np.zeros(0, np.int64)
        labels = [_labels(dataset, split[int(index)]) for index in order[:MAX_LOOKED_AT]]
        classes = list(dict.fromkeys(label for several in labels for label in several))
        if 2 * len(classes) > len(labels):  # texts and numbers are no classes
            classes = []
        taken = order[:room] if not classes else order[_spread(labels, room)]
        if not len(taken):
            continue
        of = f"{len(taken):,} of {len(split):,} examples" if len(taken) < len(split) else "all examples"
        shown.append(Shown(title=f"{name}: {of}", examples=[split[int(index)] for index in taken]))
    return shown


def _spread(labels: Sequence[Sequence[str]], room: int) -> np.ndarray:
    """Positions of at most `room` examples, of each class in turn; those of a class are neighbors."""
    queues: dict[str, list[int]] = {}
    for position, several in enumerate(labels):
        for label in several[:1] or [""]:
            queues.setdefault(label, []).append(position)
    counts: Counter[str] = Counter()
    while sum(counts.values()) < room:
        before = sum(counts.values())
        for label, queue in queues.items():
            if counts[label] < len(queue) and sum(counts.values()) < room:
                counts[label] += 1
        if sum(counts.values()) == before:
            break
    chosen = [position for label in sorted(queues) for position in queues[label][: counts[label]]]
    return np.array(chosen, np.int64)


def _labels(dataset: Dataset, example: Example) -> list[str]:
    labels: Any = example.target if dataset.labels is None else sorted(set(dataset.labels(example)))
    if isinstance(labels, str):
        return [labels]
    if isinstance(labels, list | tuple) and all(isinstance(label, str) for label in labels):
        return list(labels)
    return []


def _names(location: str) -> list[str]:
    """The words of a location that may name examples."""
    cuts = [match.start() for match in _ENDS.finditer(location)]
    cuts += [match.end() for match in _SUFFIX.finditer(location)]
    words = [location, *(location[:cut] for cut in cuts), *_QUOTED.findall(location), *_ENDS.split(location)]
    return [word for word in dict.fromkeys(word.strip(" '\"") for word in words) if word]


class _Known:
    """The examples that are named, found by going through all of them once.

    Args:
        dataset: with the examples.
        words: that may name one.
    """

    def __init__(self, dataset: Dataset, words: set[str]) -> None:
        self._by_id: dict[str, list[tuple[str, int]]] = {}
        self._by_file: dict[str, list[tuple[str, int]]] = {}
        self._by_stem: dict[str, list[tuple[str, int]]] = {}
        self._by_label: dict[str, list[tuple[str, int]]] = {}
        self._ids: dict[tuple[str, int], str] = {}
        files = {PurePosixPath(word).name for word in words if _is_path(word)}
        stems = {PurePosixPath(word).stem for word in words if _is_path(word)}
        for split, index, example in _all(dataset) if words else ():
            key = split, index
            name = example.id.rpartition("/")[2]
            stem = name.rpartition(".")[0] or name
            if example.id in words:
                self._by_id.setdefault(example.id, []).append(key)
            if name in files:
                self._by_file.setdefault(name, []).append(key)
                self._ids[key] = example.id
            if stem in stems:
                self._by_stem.setdefault(stem, []).append(key)
                self._ids[key] = example.id
            for label in _labels(dataset, example):
                if label in words and len(of_label := self._by_label.setdefault(label, [])) < MAX_OF_A_LABEL:
                    of_label.append(key)

    def named(self, words: Sequence[str]) -> list[tuple[str, int]]:
        """Split and index of the examples that a location names: by id, else by file, else by class.

        A file names an example only if no other example has a file of that name, or it ends with the id.
        """
        found = [key for word in words for key in self._by_id.get(word, ())]
        for known, part in ((self._by_file, "name"), (self._by_stem, "stem")):
            for word in filter(_is_path, words if not found else ()):
                keys = known.get(getattr(PurePosixPath(word), part), [])
                exact = [key for key in keys if f"/{word}".endswith(f"/{self._ids[key]}")]
                found += exact or (keys if len(keys) == 1 else [])
        return list(dict.fromkeys(found or self._by_label.get(words[0], [])))


def _is_path(word: str) -> bool:
    return "." in word or "/" in word


def _all(dataset: Dataset) -> Iterator[tuple[str, int, Example]]:
    for name, split in dataset.splits.items():
        for index in range(len(split)):
            yield name, index, split[index]
