"""What the files of a data set of images are like: sizes, kinds, broken and odd ones."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Examples, Finding
from suite.figures import Table
from suite.kit import counted
from suite_images import reading
from suite_images.headers import Header, read_header

SLENDER = 10
"""An image whose longer side is this many times the shorter one is odd."""

TINY = 8
"""An image with a side shorter than this is odd."""

_CHUNK = 64


@dataclass
class Seen:
    """What was found in some examples.

    Attributes:
        sizes: height and width of each image, None where it cannot be read.
        kinds: how many files there are of each kind.
        broken: a sentence on each image that cannot be read.
        odd: the places by what is odd there.
    """

    sizes: list[tuple[int, int] | None] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: Seen) -> None:
        """Put what was found elsewhere behind."""
        self.sizes += other.sizes
        self.kinds += other.kinds
        self.broken += other.broken
        for what, places in other.odd.items():
            self.odd.setdefault(what, []).extend(places)


def look(dataset: Dataset, progress: Callable[[int, int], None]) -> dict[str, Seen]:
    """Decode every image, in threads.

    Args:
        dataset: examples whose inputs are images.
        progress: called with the number of images done, and of all.

    Returns:
        What was found in each part.
    """
    total = sum(map(len, dataset.splits.values()))
    done = 0
    seen = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, part in dataset.splits.items():
            seen[name] = Seen()
            chunks = [range(start, min(start + _CHUNK, len(part))) for start in range(0, len(part), _CHUNK)]
            for chunk, found in zip(chunks, pool.map(_looker(part), chunks), strict=True):
                seen[name].add(found)
                done += len(chunk)
                progress(done, total)
    return seen


def findings_on(parts: Mapping[str, Seen]) -> list[Finding]:
    """Findings on images that are broken or odd, the former first."""
    whole = Seen()
    for part in parts.values():
        whole.add(part)
    findings = []
    if whole.broken:
        text = counted(len(whole.broken), "image cannot be read", "images cannot be read")
        findings.append(Finding(text=text, places=whole.broken))
    for what, places in sorted(whole.odd.items()):
        text = counted(len(places), f"image is {what}", f"images are {what}")
        findings.append(Finding(text=text, wrong=False, places=places))
    return findings


def kinds_table(parts: Mapping[str, Seen]) -> Table:
    """How many files there are of each kind."""
    kinds = sum((part.kinds for part in parts.values()), Counter[str]())
    rows: list[list[str | int]] = [[kind, count] for kind, count in kinds.most_common()]
    return Table(title="Kinds of files", columns=["kind", "images"], rows=rows)


def sizes_table(parts: Mapping[str, Seen]) -> Table:
    """Smallest, median and largest width and height of each part."""
    rows: list[list[str | int]] = []
    for name, part in parts.items():
        if sizes := [size for size in part.sizes if size]:
            height, width = np.array(sizes).T
            of = [(int(side.min()), int(np.median(side)), int(side.max())) for side in (width, height)]
            rows.append([name, *of[0], *of[1]])
    columns = ["part"] + [
        f"{side} {what}" for side in ("width", "height") for what in ("min", "median", "max")
    ]
    return Table(title="Sizes in pixels", columns=columns, rows=rows)


@dataclass(frozen=True)
class _Read:
    """A source whose content was read already."""

    name: str
    content: bytes

    def read(self) -> bytes:
        return self.content


def _looker(part: Examples) -> Callable[[Sequence[int]], Seen]:
    def see(indices: Sequence[int]) -> Seen:
        found = Seen()
        for index in indices:
            _look_at(part[index], found)
        return found

    return see


def _look_at(example: Example, found: Seen) -> None:
    raw: Any = example.input
    try:
        if hasattr(raw, "read"):
            raw = _Read(raw.name, raw.read())
            header = read_header(raw.content, raw.name)
            kind, (height, width) = _kind(header), header.size
            image = reading.read(raw, at_least=TINY)
        else:
            image = reading.read(raw)
            kind, (height, width) = "array", image.shape[:2]
    except UserError as error:
        found.broken.append(str(error))
        found.sizes.append(None)
        return
    found.sizes.append((height, width))
    found.kinds[kind] += 1
    if min(height, width) < TINY:
        found.odd.setdefault(f"smaller than {TINY} pixels", []).append(f"{example.id}: {width} x {height}")
    elif max(height, width) >= SLENDER * min(height, width):
        found.odd.setdefault(f"{SLENDER} times as long as wide", []).append(
            f"{example.id}: {width} x {height}"
        )
    if (image == image[0, 0]).all():
        color = ", ".join(map(str, image[0, 0].tolist()))
        found.odd.setdefault("of a single color", []).append(f"{example.id}: RGB {color}")


def _kind(header: Header) -> str:
    """The kind of file, and what about it is not the ordinary."""
    words = [header.kind]
    if header.mode in ("gray", "CMYK"):
        words.append(header.mode)
    if header.bits > 8:
        words.append(f"{header.bits} bits")
    if header.alpha:
        words.append("transparency")
    if header.orientation != 1:
        words.append("turned by Exif")
    return ", ".join(words)
