"""What the names of images say: their class, or that they are masks."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence

from suite.kit import BoundedPattern, some

_NUMBERED = r"^(.+?)[ ._-]*[(]?[0-9]+[)]?[.]"
"""A class with a number behind it: `disc.0.jpg`, `great_pyrenees_173.jpg`, `benign (1).png`."""

_MASK = re.compile(r"[ _.-](mask|gt|seg|segmentation|label)s?([ _-]?\d+)?\.[^./]+$", re.IGNORECASE)


def labels_of_names(names: Sequence[str], pattern: str) -> list[str]:
    """The class in each name, or "" if the pattern does not fit.

    Args:
        names: of files, without their folders.
        pattern: a regular expression, searched for; the class is its first group, or all of it.

    Raises:
        UserError: if it is no regular expression, or takes too long.
    """
    compiled = BoundedPattern(pattern, f"loader.class_pattern, '{pattern}',")
    found = map(compiled.search, names)
    return ["" if match is None else (match.groups or [match.text])[0] or "" for match in found]


def hint_at_names(names: Sequence[str]) -> str:
    """The end of a message: how to read classes from names like `disc.0.jpg`, if most look like that."""
    counts = Counter(labels_of_names(names, _NUMBERED))
    without = counts.pop("", 0)  # those of a test split, say
    fitting = counts.total()
    if fitting <= without or not 1 < len(counts) <= fitting / 2 or min(counts.values()) < 2:
        return ""
    return (
        f". Or, if the names of the files begin with their classes ({some(sorted(counts))}), say --set"
        f" {shlex.quote(f'loader.class_pattern={_NUMBERED}')}"
    )


def masks(names: Sequence[str]) -> list[str]:
    """The paths that are called as another one with _mask behind it: `a/1.png` and `a/1_mask.png`."""
    found = [(name, cut) for name in names if (cut := _MASK.search(name))]
    stems = {name.rpartition(".")[0] for name in names} if found else set()
    return [name for name, cut in found if name[: cut.start()] in stems]
