"""The files of a data set of images: sizes, kinds, and which are broken or odd."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Examples, Finding, Problem
from suite.figures import Table
from suite.kit import counted, in_threads
from suite_images import reading
from suite_images.conversion import depth_of
from suite_images.headers import Header, read_header
from suite_images.near_copies import SIDE, Print, Prints, near_copies, print_of
from suite_images.pages import pages

SLENDER = 10
"""An image is odd if its longer side is this many times the shorter one."""

TINY = 8
"""An image is odd if a side is shorter than this."""

MAX_COMPARED = 500_000
"""Near copies are not looked for among more images than this, which take a kilobyte each."""

_CHUNK = 64


@dataclass
class Seen:
    """The images of some examples.

    Attributes:
        sizes: height and width of each image, None if it cannot be read.
        kinds: the number of files of each kind.
        broken: a sentence on each image that cannot be read.
        odd: locations, by what is odd there.
        prints: what each image is compared by, None for one that is compared with nothing.
        deep: how many images have 16 bits per value.
        highest: the largest value of those.
    """

    sizes: list[tuple[int, int] | None] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)
    prints: list[Print | None] = field(default_factory=list)
    deep: int = 0
    highest: int = 0

    def add(self, later: Seen) -> None:
        """Append what was found in later examples."""
        self.sizes += later.sizes
        self.kinds += later.kinds
        self.broken += later.broken
        for what, locations in later.odd.items():
            self.odd.setdefault(what, []).extend(locations)
        self.prints += later.prints
        self.deep += later.deep
        self.highest = max(self.highest, later.highest)


def look(dataset: Dataset, progress: Callable[[int, int], None]) -> dict[str, Seen]:
    """Decode every image, in threads.

    Args:
        dataset: examples whose inputs are images.
        progress: called with the number of images done, and of all.

    Returns:
        What was found in each split.
    """
    total = sum(map(len, dataset.splits.values()))
    done = 0
    seen = {}
    for name, examples in dataset.splits.items():
        seen[name] = Seen()
        looker = _looker(examples, compared=total <= MAX_COMPARED)
        for of_chunk in in_threads(looker, len(examples), os.cpu_count() or 1, chunk=_CHUNK):
            seen[name].add(of_chunk)
            done += len(of_chunk.sizes)
            progress(done, total)
    return seen


def findings_on(splits: Mapping[str, Seen]) -> list[Finding]:
    """Findings on images that are broken or odd, the former first."""
    whole = Seen()
    for seen in splits.values():
        whole.add(seen)
    findings = []
    if whole.broken:
        text = counted(len(whole.broken), "image cannot be read", "images cannot be read")
        findings.append(Finding(text=text, locations=whole.broken))
    for what, locations in sorted(whole.odd.items()):
        text = counted(len(locations), f"image is {what}", f"images are {what}")
        findings.append(Finding(text=text, wrong=False, locations=locations))
    return findings


def leaks(splits: Mapping[str, Seen], dataset: Dataset) -> list[Finding]:
    """Findings on images of one split that are near copies of another's, which flatter scores.

    Near copies within the training split are worth a look if others are still to be made from it.

    Args:
        splits: what `look` found.
        dataset: the same examples.
    """
    if sum(len(seen.sizes) for seen in splits.values()) > MAX_COMPARED:
        text = f"there are more than {MAX_COMPARED:,} images: near copies among them were not looked for"
        return [Finding(text=text, wrong=False)]
    prints = {name: Prints(seen.prints, seen.sizes) for name, seen in splits.items()}
    examples = dataset.splits

    def found(first: str, second: str) -> list[str]:
        pairs = near_copies(prints[first], prints[second])
        return [f"{examples[second][copy].id} ~ {examples[first][known].id}" for copy, known in pairs]

    findings = []
    for first, second in combinations(splits, 2):
        if locations := found(first, second):
            what = counted(len(locations), f"image of {second} is", f"images of {second} are")
            text = (
                f"{what} nearly the same as one of {first} (smaller, compressed again, or another shot):"
                f" scores on {second} would be too good"
            )
            findings.append(Finding(text=text, locations=locations))
    if "train" in splits and len(splits) < 3 and (locations := found("train", "train")):
        what = counted(len(locations), "image of train is", "images of train are")
        text = f"{what} nearly the same as another: splits that are made may put them apart"
        findings.append(Finding(text=text, wrong=False, locations=locations))
    return findings


def depth_findings(splits: Mapping[str, Seen], advice: str = "") -> list[Finding]:
    """A finding if images of 16 bits use fewer of them.

    Args:
        splits: what `look` found.
        advice: the end of the sentence: what is done about it.
    """
    deep = sum(seen.deep for seen in splits.values())
    highest = max((seen.highest for seen in splits.values()), default=0)
    bits = depth_of(highest)
    if not deep or bits == 16:
        return []
    what = counted(deep, "image of 16 bits holds", "images of 16 bits hold")
    return [Finding(text=f"{what} values up to {highest:,}, which are {bits} bits{advice}", wrong=False)]


def endless_note(names: Sequence[str], looked: int) -> list[str]:
    """A sentence on JPEGs without an end marker, if there are any: whole ones are read all the same.

    Args:
        names: of these images.
        looked: the number of images that were looked at.
    """
    if not names:
        return []
    text = f"{len(names):,} of {counted(looked, 'image', 'images')} looked at: a JPEG without an end marker"
    return [Problem(f"{text}, as if cut off. It is used if no pixel is missing", names, wrong=False)]


def kinds_table(splits: Mapping[str, Seen]) -> Table:
    """The number of files of each kind."""
    kinds = sum((seen.kinds for seen in splits.values()), Counter[str]())
    rows: list[list[str | int]] = [[kind, count] for kind, count in kinds.most_common()]
    return Table(title="Kinds of files", columns=["kind", "images"], rows=rows)


def sizes_table(splits: Mapping[str, Seen]) -> Table:
    """Smallest, median and largest width and height of each split."""
    rows: list[list[str | int]] = []
    for name, seen in splits.items():
        if sizes := [size for size in seen.sizes if size]:
            height, width = np.array(sizes).T
            of = [(int(side.min()), int(np.median(side)), int(side.max())) for side in (width, height)]
            rows.append([name, *of[0], *of[1]])
    columns = ["split"] + [
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


def _looker(examples: Examples, compared: bool) -> Callable[[Sequence[int]], Seen]:
    def see(indices: Sequence[int]) -> Seen:
        seen = Seen()
        for index in indices:
            _look_at(examples[index], seen, compared)
        return seen

    return see


def _look_at(example: Example, seen: Seen, compared: bool) -> None:
    raw: Any = example.input
    content: int
    try:
        if hasattr(raw, "read"):
            raw = _Read(raw.name, raw.read())
            header = read_header(raw.content, raw.name)
            kind, (height, width) = _kind(header), header.size
            image = reading.view(raw, at_least=SIDE)
            content = hash(raw.content)
            _look_at_file(example, raw.content, header, seen)
        else:
            image = reading.view(raw)
            kind, (height, width) = "array", image.shape[:2]
            content = hash(image.tobytes())
        stored = reading.storage(raw, look=True)
    except UserError as error:
        seen.broken.append(str(error))
        seen.sizes.append(None)
        seen.prints.append(None)
        return
    seen.sizes.append((height, width))
    seen.prints.append(print_of(image, content) if compared else None)
    seen.deep += stored.highest > 0
    seen.highest = max(seen.highest, stored.highest)
    seen.kinds[kind] += 1
    if min(height, width) < TINY:
        seen.odd.setdefault(f"smaller than {TINY} pixels", []).append(f"{example.id}: {width} x {height}")
    elif max(height, width) >= SLENDER * min(height, width):
        seen.odd.setdefault(f"{SLENDER} times as long as wide", []).append(
            f"{example.id}: {width} x {height}"
        )
    if (image == image[0, 0]).all():
        color = ", ".join(map(str, image[0, 0].tolist()))
        seen.odd.setdefault("of a single color", []).append(f"{example.id}: RGB {color}")


def _look_at_file(example: Example, content: bytes, header: Header, seen: Seen) -> None:
    """What of a file is not read, or not there."""
    count = pages(content, header)
    if count > 1:
        which = "pages" if header.kind == "TIFF" else "frames"
        text = f"of several {which}, of which the first is read"
        seen.odd.setdefault(text, []).append(f"{example.id}: {count:,} {which}")
    if header.kind == "JPEG" and reading.lacks_end(content, header):
        seen.odd.setdefault("without an end marker, but complete", []).append(example.id)


def _kind(header: Header) -> str:
    """The kind of file, and what about it is not the ordinary."""
    words = [header.kind]
    if header.mode in ("gray", "CMYK"):
        words.append(header.mode)
    if header.bits > 8:
        words.append(f"{header.bits} bits")
    if header.channels:
        words.append(f"{header.channels} channels")
    if header.alpha:
        words.append("transparency")
    if header.orientation != 1:
        words.append("turned by Exif")
    return ", ".join(words)
