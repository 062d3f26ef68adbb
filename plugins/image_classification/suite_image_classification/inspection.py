"""What a data set of pictures holds: classes, sizes, kinds of files, and pictures that are broken or odd."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Examples
from suite.evaluation import Table
from suite.inspection import Finding, Inspection
from suite_pictures import pictures
from suite_pictures.headers import Header, read_header
from suite_pictures.listing import counted

SLENDER = 10
"""A picture whose longer side is this many times the shorter one is odd."""

TINY = 8
"""A picture with a side shorter than this is odd."""

UNBALANCED = 10
"""Classes are unbalanced where one has this many times the pictures of another."""

_CHUNK = 64


@dataclass
class _Seen:
    """What was found in a part."""

    sizes: list[tuple[int, int]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: _Seen) -> None:
        self.sizes += other.sizes
        self.kinds += other.kinds
        self.broken += other.broken
        for what, places in other.odd.items():
            self.odd.setdefault(what, []).extend(places)


@dataclass(frozen=True)
class _Read:
    """A source whose content was read already."""

    name: str
    content: bytes

    def read(self) -> bytes:
        return self.content


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Decode every picture and tell what there is and what is wrong.

    Args:
        dataset: as documented in `types`.
        progress: called with the number of pictures done, and of all.
    """
    seen = _look(dataset, progress)
    whole = _Seen()
    for part in seen.values():
        whole.add(part)
    balance, findings = _balance(dataset)
    if whole.broken:
        text = counted(len(whole.broken), "picture cannot be read", "pictures cannot be read")
        findings.insert(0, Finding(text=text, places=whole.broken))
    findings.extend(
        Finding(
            text=counted(len(places), f"picture is {what}", f"pictures are {what}"),
            wrong=False,
            places=places,
        )
        for what, places in sorted(whole.odd.items())
    )
    kinds: list[list[str | int]] = [[kind, count] for kind, count in whole.kinds.most_common()]
    return Inspection(
        numbers={"classes": len(dataset.facts["classes"]), "broken": len(whole.broken)},
        tables=[
            balance,
            _sizes({name: part.sizes for name, part in seen.items()}),
            Table(title="Kinds of files", columns=["kind", "pictures"], rows=kinds),
        ],
        findings=findings,
    )


def _look(dataset: Dataset, progress: Callable[[int, int], None]) -> dict[str, _Seen]:
    total = sum(map(len, dataset.parts.values()))
    done = 0
    seen = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, part in dataset.parts.items():
            seen[name] = _Seen()
            chunks = [range(start, min(start + _CHUNK, len(part))) for start in range(0, len(part), _CHUNK)]
            for chunk, found in zip(chunks, pool.map(_looker(part), chunks), strict=True):
                seen[name].add(found)
                done += len(chunk)
                progress(done, total)
    return seen


def _looker(part: Examples) -> Callable[[Sequence[int]], _Seen]:
    def look(indices: Sequence[int]) -> _Seen:
        found = _Seen()
        for index in indices:
            _look_at(part[index], found)
        return found

    return look


def _look_at(example: Example, found: _Seen) -> None:
    raw: Any = example.input
    try:
        if hasattr(raw, "read"):
            raw = _Read(raw.name, raw.read())
            header = read_header(raw.content, raw.name)
            kind, (height, width) = _kind(header), header.size
            picture = pictures.read(raw, at_least=TINY)
        else:
            picture = pictures.read(raw)
            kind, (height, width) = "array", picture.shape[:2]
    except UserError as error:
        found.broken.append(str(error))
        return
    found.sizes.append((height, width))
    found.kinds[kind] += 1
    if min(height, width) < TINY:
        found.odd.setdefault(f"smaller than {TINY} pixels", []).append(f"{example.id}: {width} x {height}")
    elif max(height, width) >= SLENDER * min(height, width):
        found.odd.setdefault(f"{SLENDER} times as long as wide", []).append(
            f"{example.id}: {width} x {height}"
        )
    if (picture == picture[0, 0]).all():
        colour = ", ".join(map(str, picture[0, 0].tolist()))
        found.odd.setdefault("of a single colour", []).append(f"{example.id}: RGB {colour}")


def _kind(header: Header) -> str:
    """The kind of file, and what about it is not the ordinary."""
    words = [header.kind]
    if header.mode in ("grey", "CMYK"):
        words.append(header.mode)
    if header.bits > 8:
        words.append(f"{header.bits} bits")
    if header.alpha:
        words.append("transparency")
    if header.orientation != 1:
        words.append("turned by Exif")
    return ", ".join(words)


def _balance(dataset: Dataset) -> tuple[Table, list[Finding]]:
    """Pictures per class and part, and findings on them."""
    counts = {name: Counter[str]() for name in dataset.parts}
    without = Counter[str]()
    for name, part in dataset.parts.items():
        for index in range(len(part)):
            target = part[index].target
            counts[name].update(target if isinstance(target, list) else [target])
            without[name] += target == []
    classes = list(dataset.facts["classes"])
    train = counts["train"]
    total = len(dataset.train)
    rows: list[list[str | int]] = [
        [label, *(counted[label] for counted in counts.values()), f"{100 * train[label] / total:.1f} %"]
        for label in classes
    ]
    if any(without.values()):
        share = f"{100 * without['train'] / total:.1f} %"
        rows.append(["(no label)", *(without[name] for name in counts), share])
    findings = []
    single = [label for label in classes if train[label] == 1]
    if single:
        findings.append(
            Finding(
                text=counted(len(single), "class has", "classes have") + " a single training picture",
                wrong=False,
                places=single,
            )
        )
    largest, smallest = max(classes, key=train.__getitem__), min(classes, key=train.__getitem__)
    if train[largest] >= UNBALANCED * train[smallest]:
        findings.append(
            Finding(
                text=f"the classes are unbalanced: '{largest}' has {train[largest]:,} training pictures,"
                f" '{smallest}' {train[smallest]:,}",
                wrong=False,
            )
        )
    for name in ("validation", "test"):
        if name in counts and (missing := [label for label in classes if not counts[name][label]]):
            text = counted(len(missing), "class has", "classes have") + f" no picture in the {name} part"
            findings.append(Finding(text=text, wrong=False, places=missing))
    columns = ["class", *counts, "of train"]
    return Table(title="Classes", columns=columns, rows=rows), findings


def _sizes(parts: dict[str, list[tuple[int, int]]]) -> Table:
    """Smallest, median and largest width and height of each part."""
    rows: list[list[str | int]] = []
    for name, sizes in parts.items():
        if sizes:
            height, width = np.array(sizes).T
            of = [(int(side.min()), int(np.median(side)), int(side.max())) for side in (width, height)]
            rows.append([name, *of[0], *of[1]])
    columns = ["part"] + [
        f"{side} {what}" for side in ("width", "height") for what in ("min", "median", "max")
    ]
    return Table(title="Sizes in pixels", columns=columns, rows=rows)
