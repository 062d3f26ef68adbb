"""The classes of a data set of images: which are read, under which names, and which look like one.

Shared by the loaders of every image task. Light: neither numpy nor OpenCV is imported.
"""

from __future__ import annotations

import json
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from suite import UserError
from suite.kit import nearest, some
from suite.options import Meta, Options

THE_REST = "*"
"""In the option `classes`: all classes that no other entry names."""

SINGLE_CLASS = "object"
"""What the option `single_class` calls the class that all others become."""


class ClassOptions(Options, frozen=True):
    """The options of every loader of images with classes. Derive the loader's own options from it."""

    classes: Annotated[
        str | int | list[str | int],
        Meta(
            description="classes to read, in the order of the network's outputs: cat,dog; OLD=NEW renames,"
            " and several with one NEW are merged; * is all others, *=NEW merges them; empty: all"
        ),
    ] = ""
    single_class: Annotated[
        bool, Meta(description=f"whether all classes that are read become one, '{SINGLE_CLASS}'")
    ] = False
    absent_classes: Annotated[
        Literal["refuse", "ignore"],
        Meta(
            description="what becomes of an entry of classes that names a class which the data lacks: it is"
            " refused, as a slip of the pen would be, or ignored, and OLD=NEW is then NEW, if that is there"
        ),
    ] = "refuse"

    @classmethod
    def for_other_data(cls, values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """As `Options.for_other_data`: other data need not have every class that the first had."""
        merged = super().for_other_data(values, given)
        # What a run keeps of its options has the defaults, too.
        return merged if "classes" in given else {**merged, "absent_classes": "ignore", **given}


@dataclass(frozen=True)
class ClassSelection:
    """What becomes of the classes that the data has.

    Attributes:
        known: the data's classes.
        names: the classes that are read, in order; each is the new name of at least one of `known`.
        numbers: for each of `known` the index in `names` of its new name, or -1 if it is left out.
    """

    known: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[int, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is left out, renamed, merged or put into another order."""
        return self.names != self.known

    @property
    def left_out(self) -> list[str]:
        """The classes that are not read."""
        return [name for name, number in zip(self.known, self.numbers, strict=True) if number < 0]

    def new_names(self) -> dict[str, str]:
        """The new name of each class that is read."""
        pairs = zip(self.known, self.numbers, strict=True)
        return {name: self.names[number] for name, number in pairs if number >= 0}


def select_classes(known: Iterable[str], options: ClassOptions, where: str) -> ClassSelection:
    """Choose, merge and rename classes as the options say.

    Args:
        known: the classes that the data has, in the order that they have if nothing is chosen.
        options: of the loader.
        where: what a message calls the data.

    Raises:
        UserError: if an entry names a class that the data does not have (unless `absent_classes` ignores
            that), two entries name the same one, or no class is left.
    """
    known = tuple(dict.fromkeys(known))
    new: dict[str, str] = {}
    rest: list[str] | None = None  # the entry *, with its new name if it has any
    order: list[str | None] = []  # new names as they come; None where the rest goes
    entries = list(_entries(options.classes, known))
    for old, name in entries:
        if old == THE_REST and THE_REST not in known:
            if rest is not None:
                raise UserError(f"loader.classes has '{THE_REST}' twice")
            rest = [] if name is None else [name]
            order.append(name)
            continue
        if old not in known and options.absent_classes == "ignore":
            if name not in known or any(name == other for other, _ in entries):
                continue
            old = name  # other data may have the new name already
        if old not in known:
            raise UserError(
                f"{where} has no class '{old}', which loader.classes names: {nearest(old, known)}"
            )
        if new.setdefault(old, name or old) != (name or old):
            raise UserError(f"loader.classes gives '{old}' two names, '{new[old]}' and '{name or old}'")
        order.append(new[old])
    if not order and not entries:
        rest, order = [], [None]
    others = [] if rest is None else [name for name in known if name not in new]
    new.update((name, rest[0] if rest else name) for name in others)
    named: list[str] = []
    for name in order:
        named += others if name is None else [name]
    if options.single_class:
        new, named = dict.fromkeys(new, SINGLE_CLASS), [SINGLE_CLASS] if new else []
    used = set(new.values())
    names = tuple(name for name in dict.fromkeys(named) if name in used)
    if known and not names:
        raise UserError(f"loader.classes leaves no class of {where}: it has {some(list(known))}")
    index = {name: number for number, name in enumerate(names)}
    return ClassSelection(known, names, tuple(index[new[name]] if name in new else -1 for name in known))


def look_alikes(classes: Iterable[str]) -> list[str]:
    """A sentence for each set of classes that differ only in case, blanks, hyphens or Unicode form."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        plain = unicodedata.normalize("NFKC", name).casefold()
        alike.setdefault("".join(letter for letter in plain if letter not in " \t_-"), []).append(name)
    sentences = []
    for names in alike.values():
        if len(names) > 1:
            kept = min(names, key=lambda name: (len(name.strip()) < len(name), names.index(name)))
            entries = [f"{name}={kept}" for name in names if name != kept] + [THE_REST]
            setting = ",".join(entries)
            if any("," in entry for entry in entries):
                setting = json.dumps(entries, ensure_ascii=False)
            sentences.append(
                f"the classes {' and '.join(map(repr, names))} look alike. If they are one, say --set"
                f" {shlex.quote(f'loader.classes={setting}')}"
            )
    return sentences


def _entries(
    classes: str | int | Sequence[str | int], known: tuple[str, ...]
) -> Iterable[tuple[str, str | None]]:
    """The name of a class and its new name, if it gets any, for each entry of the option."""
    if isinstance(classes, str):
        entries = [classes] if classes in known else classes.split(",")
    else:
        entries = [str(classes)] if isinstance(classes, int) else [str(entry) for entry in classes]
    for entry in entries:
        # The name of a class may itself have spaces around it, or an equals sign in it.
        if entry in known:
            yield entry, None
            continue
        cuts = [cut for cut, letter in enumerate(entry) if letter == "="]
        cut = next((cut for cut in cuts if entry[:cut] in known), cuts[0] if cuts else len(entry))
        old, name = entry[:cut], entry[cut + 1 :].strip()
        if old not in known:
            old = old.strip()
        if cuts and not name:
            raise UserError(f"loader.classes: '{entry.strip()}' has no new name behind the equals sign")
        if old:
            yield old, name or None
