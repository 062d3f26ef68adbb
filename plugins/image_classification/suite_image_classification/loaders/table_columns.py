"""The columns of a table of images: which is which, and what a cell of labels means."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite import UserError
from suite.kit import SPLIT_COLUMNS, decode_json, nearest, shown, some, split_of_name
from suite_classification.types import Target
from suite_image_classification.options import TableOptions
from suite_images.tables import PATH_COLUMNS

LABEL_COLUMNS = (
    "label", "labels", "class", "classes", "class_name", "category", "categories", "target", "targets", "tag",
    "tags",
)  # fmt: skip
MULTI_HOT = "_classes"
"""The name of a table of Roboflow whose columns are classes: an image has any number of them."""

ID_COLUMNS = ("id", "image_id", "img_id", "id_code", "uuid")
"""What a column with paths is called too, if no other is: the images' names, often without their endings."""

_PATH_OR_ID_COLUMNS = (*PATH_COLUMNS, *ID_COLUMNS)

_PERHAPS_SPLIT = ("set", "usage", "phase")
"""Columns with splits if the first row says one there."""

_TRUE, _FALSE = frozenset({"1", "1.0", "true"}), frozenset({"0", "0.0", "false"})

_ALWAYS_SEVERAL = ("|", ";")
_PERHAPS_SEVERAL = (",", "/", "+", "&", " ")


class NoLabelsError(UserError):
    """A table of images without labels, as of a test split that others score."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns of a table; "" for one that there is not.

    Attributes:
        path: of the images.
        labels: one, or several of 0 and 1, a class each.
        split: the split.
        group: what examples belong to.
    """

    path: str
    labels: tuple[str, ...]
    split: str
    group: str

    @property
    def hot(self) -> bool:
        """Whether a column is a class, with 1 for the images of it."""
        return len(self.labels) > 1

    def target(self, row: Mapping[str, Any], separator: str, location: str) -> Target:
        """What an image shows, of one row: a label, or a list of labels.

        Raises:
            UserError: if the row says nothing of it, or not what such a column may hold.
        """
        if not self.hot:
            return target_of(row.get(self.labels[0]), separator, self.labels[0], location)
        found = []
        for name in self.labels:
            hot = _is_hot(row.get(name))
            if hot is None:
                raise UserError(f"{location}: '{row.get(name)}' in column '{name}' is neither 0 nor 1")
            if hot:
                found.append(name)
        return found


def find_columns(
    table: Path,
    first: Mapping[str, Any],
    rows: Callable[[], Iterable[Mapping[str, Any]]],
    options: TableOptions,
    like: Columns | None = None,
) -> Columns:
    """The columns of a table, as the options name them or as they are usually called.

    Labels are in a column that is called so; else in several of 0 and 1, a class each; else, if there is but
    one more column, in that.

    Args:
        table: of which they are.
        first: its first row.
        rows: all of them, which are looked at if columns may be classes.
        options: of the loader.
        like: the columns of the table of the training split, if that is another one.

    Raises:
        NoLabelsError: if there is no column for the labels.
        UserError: if another one is missing; the message has those that there are.
    """
    names = list(first)
    group = _pick(table, names, options.group_column, "group_column", ())
    split = _pick(table, names, options.split_column, "split_column", SPLIT_COLUMNS)
    path = _pick(table, names, options.path_column, "path_column", _PATH_OR_ID_COLUMNS)
    if not path:
        raise _missing(table, names, "path_column", "paths of the images", PATH_COLUMNS[0])
    split = split or _perhaps_split(first)
    rest = [name for name in names if name and name not in (path, split, group)]
    if options.label_column:
        labels = _named_labels(table, names, options.label_column)
    elif label := _known(rest, LABEL_COLUMNS):
        labels = (label,)
    elif like is not None:
        labels = like.labels if set(like.labels) <= set(rest) else ()
    else:
        labels = _hot_columns(rest, rows())
        if not labels and len(rest) == 1:
            labels = (rest[0],)
    if not labels:
        raise NoLabelsError(str(_missing(table, names, "label_column", "labels", LABEL_COLUMNS[0])))
    return Columns(path, labels, split, group)


def has_paths_and_labels(names: Sequence[str], table: Path) -> bool:
    """Whether columns of these names are those of images and their labels."""
    path = _known(names, _PATH_OR_ID_COLUMNS)
    several = table.stem == MULTI_HOT and len(names) > 2
    return bool(path) and bool(several or len(names) == 2 or _known(names, LABEL_COLUMNS))


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "_")


def _pick(table: Path, names: Sequence[str], wanted: str, option: str, known: Sequence[str]) -> str:
    """The column that an option names, or else one that is called as one of `known`."""
    return _named(table, names, wanted, option) if wanted else _known(names, known)


def _known(names: Sequence[str], known: Sequence[str]) -> str:
    """The column that is called as one of `known`, of several as the first; "" if there is none."""
    by_plain_name = {_plain(name): name for name in reversed(names)}
    return next((by_plain_name[name] for name in known if name in by_plain_name), "")


def _named(table: Path, names: Sequence[str], wanted: str, option: str) -> str:
    if wanted not in names:
        raise UserError(f"{table} has no column '{wanted}' ({option}): {nearest(wanted, names)}")
    return wanted


def _named_labels(table: Path, names: Sequence[str], wanted: str) -> tuple[str, ...]:
    """One column, or several with commas between them."""
    if wanted in names or "," not in wanted:
        return (_named(table, names, wanted, "label_column"),)
    return tuple(_named(table, names, name.strip(), "label_column") for name in wanted.split(","))


def _missing(table: Path, names: Sequence[str], option: str, what: str, called: str) -> UserError:
    listed = ", ".join(f"'{name}'" for name in names)
    return UserError(
        f"{table} has no column for the {what} ('{called}', say), only {listed}: name it with"
        f" --set loader.{option}=NAME"
    )


def _perhaps_split(first: Mapping[str, Any]) -> str:
    for name in first:
        if _plain(name) in _PERHAPS_SPLIT and split_of_name(str(first.get(name) or "")):
            return name
    return ""


def _hot_columns(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns that hold 0 and 1 only, and some 1; empty unless there are several."""
    hot = dict.fromkeys(names, False)
    for row in rows:
        for name in list(hot):
            value = _is_hot(row.get(name))
            if value is None:
                del hot[name]
            elif value:
                hot[name] = True
        if len(hot) < 2:
            return ()
    return tuple(hot) if any(hot.values()) else ()


def _is_hot(value: Any) -> bool | None:
    """Whether a cell says that the image has the class of its column; None if it says neither."""
    text = str(value).strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def split_of(written: str, column: str, location: str) -> str:
    """The split that is written in a cell.

    Raises:
        UserError: if it is none.
    """
    split = split_of_name(written)
    if split is None:
        raise UserError(f"{location}: '{written}' in column '{column}' is not train, validation or test")
    return split


def target_of(value: Any, separator: str, column: str, location: str) -> Target:
    """The label in a cell, or the list of labels.

    Args:
        value: of the cell.
        separator: between labels in a text; empty: a text is one.
        column: of the cell, for messages.
        location: of the row, for messages.

    Raises:
        UserError: if it is none.
    """
    if isinstance(value, list):
        if not all(isinstance(item, str | int) for item in value):
            raise UserError(f"{location}: the labels in '{column}' are not all texts")
        return list(dict.fromkeys(str(item) for item in value))
    if isinstance(value, bool | float | dict):
        raise UserError(f"{location}: the label {shown(value)} in '{column}' is no text")
    text = "" if value is None else str(value)
    if separator:
        pieces = (piece.strip() for piece in text.split(separator))
        return list(dict.fromkeys(piece for piece in pieces if piece))
    if not text.strip():
        raise UserError(f"{location} has no label in column '{column}'")
    return text


def list_in_text(text: str) -> list[str] | None:
    """The labels of a cell that is a list as Python or JSON writes it, `['a', 'b']`; None if it is none."""
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (decode_json, ast.literal_eval):
        try:
            items = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(items, list) and all(isinstance(item, str | int) for item in items):
            return list(dict.fromkeys(str(item) for item in items))
    return None


def joined_labels(labels: Sequence[str]) -> list[str]:
    """A sentence if labels look as if several stood in one cell.

    Names have spaces and commas in them, too. They are taken for several if half of those with the separator
    have a piece that is a label of its own, or there are fewer different pieces than labels.
    """
    for separator in (*_ALWAYS_SEVERAL, *_PERHAPS_SEVERAL):
        joined = [label for label in labels if separator in label.strip(separator)]
        if not joined or (separator in _PERHAPS_SEVERAL and not _share_pieces(joined, labels, separator)):
            continue
        sentence = (
            f"labels like {some(joined[:1])} are taken as one class each: if they are several labels, say"
            f" --set loader.label_separator='{separator}'"
        )
        return [sentence]
    return []


def _share_pieces(joined: Sequence[str], labels: Sequence[str], separator: str) -> bool:
    pieces = {label: {piece.strip() for piece in label.split(separator)} - {""} for label in joined}
    alone = set(labels) - set(joined)
    known = sum(1 for found in pieces.values() if found & alone)
    counts = Counter(piece for found in pieces.values() for piece in found)
    fewer = len(counts.keys() | alone) < len(set(labels)) and min(counts.values(), default=0) > 1
    return 2 * known >= len(joined) or fewer
