"""The columns of tables with a row per box: which is which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from suite import UserError
from suite.kit import SPLIT_COLUMNS, nearest
from suite_images.listing import is_image
from suite_images.tables import PATH_COLUMNS
from suite_object_detection.options import CsvOptions

_PATHS = (*PATH_COLUMNS, "image_id", "img_id", "external_id")
_LABELS = (
    "label", "class", "class_name", "label_name", "category", "category_name", "name", "object", "target",
)  # fmt: skip
_SPLITS = (*SPLIT_COLUMNS, "set")
_CROWDS = ("iscrowd", "crowd", "isgroupof")
_EDGES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
_EXTENTS = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))
_SIZES = (("height", "width"), ("image_height", "image_width"), ("img_height", "img_width"))
_IN_ONE = ("bbox", "box", "boundingbox", "boxes", "bboxes")
_PREFIXES = ("", "bbox", "box")


@dataclass(frozen=True)
class Columns:
    """The number of each column that is needed, None if there is none.

    Attributes:
        path: of the image.
        label: the class; None: all objects are of one.
        box: x1, y1, x2, y2, or x, y, width and height; one column if its cells have all four numbers.
        extents: whether it is the latter; of one column that is not known.
        split: the split.
        group: what images belong to.
        crowd: whether the box is around a group.
        size: height and width of the image.
        count: of all columns.
    """

    path: int
    label: int | None
    box: tuple[int, ...]
    extents: bool
    split: int | None
    group: int | None
    crowd: int | None
    size: tuple[int, int] | None
    count: int


RETINANET = Columns(
    path=0, label=5, box=(1, 2, 3, 4), extents=False, split=None, group=None, crowd=None, size=None, count=6
)
"""Of a table without a header, `path,x1,y1,x2,y2,class`."""


def has_no_header(cells: Sequence[str]) -> bool:
    """Whether the first row is a box, or an image without one, as keras-retinanet has them."""
    if len(cells) != 6 or not is_image(cells[0].strip()):
        return False
    corners = [cell.strip() for cell in cells[1:5]]
    return all(re.fullmatch(r"[-+.\de]+", corner) for corner in corners) or not any(corners)


def find_columns(cells: Sequence[str], options: CsvOptions, name: str) -> Columns:
    """The columns by the cells of a header.

    Args:
        cells: the header.
        options: names that the user chose.
        name: how a message calls the table.

    Raises:
        UserError: if a column is missing; the message has those that there are.
    """
    names = [_plain(cell) for cell in cells]
    box, extents = _box(names, cells, options, name)
    path = _pick(options.path_column, "path_column", _PATHS, cells, names, name)
    label = _pick(options.label_column, "label_column", _LABELS, cells, names, name)
    split = _pick(options.split_column, "split_column", _SPLITS, cells, names, name)
    if path is None:
        raise _missing("paths of the images", "path_column", cells, name)
    if label is None and not options.single_class:
        missing = _missing("classes", "label_column", cells, name)
        raise UserError(f"{missing}, or, if all objects are of one class, say --set loader.single_class=true")
    size = next(
        (columns for pair in _SIZES if (columns := _all(pair, names)) and not set(columns) & set(box)), None
    )
    return Columns(
        path=path,
        label=label,
        box=tuple(box),
        extents=extents,
        split=split,
        group=_pick(options.group_column, "group_column", (), cells, names, name),
        crowd=next((names.index(word) for word in map(_plain, _CROWDS) if word in names), None),
        size=(size[0], size[1]) if size else None,
        count=len(cells),
    )


def has_box_columns(cells: Sequence[str]) -> bool:
    """Whether a header has columns of boxes, called in a way that is known."""
    return _known_box([_plain(cell) for cell in cells]) is not None


def box_in_text(cell: str) -> list[float] | None:
    """The four numbers of a box that is written in one cell: `[1, 2, 30, 40]`; None if it is none."""
    if not re.fullmatch(r"[\s\d.,;eE+\-\[\](){}]*", cell):
        return None
    numbers = re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", cell)
    return [float(number) for number in numbers] if len(numbers) == 4 else None


def has_box_in_text(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a header has a column of boxes, and the first row a box in it."""
    column = _box_in_one([_plain(cell) for cell in header])
    return column is not None and len(cells) == len(header) and box_in_text(cells[column]) is not None


def _box_in_one(names: Sequence[str]) -> int | None:
    return next((names.index(word) for word in _IN_ONE if word in names), None)


def _box(
    names: Sequence[str], cells: Sequence[str], options: CsvOptions, name: str
) -> tuple[list[int], bool]:
    chosen = options.box_columns
    if chosen:
        if len(chosen) not in (1, 4):
            raise UserError(
                f"box_columns names {len(chosen)} columns: it should be four, or one with all four numbers"
            )
        unknown = next((column for column in chosen if _plain(column) not in names), None)
        if unknown is not None:
            raise UserError(f"{name} has no column '{unknown}' (box_columns): {nearest(unknown, cells)}")
        extents = len(chosen) == 4 and _plain(chosen[2])[-1:] in ("w", "h")
        return [names.index(_plain(column)) for column in chosen], extents
    known = _known_box(names)
    if known is None and (column := _box_in_one(names)) is not None:
        return [column], False
    if known is None:
        raise UserError(
            f"{name} has no columns of boxes (xmin, ymin, xmax, ymax, or x, y, width, height), only"
            f" {_listed(cells)}: name them with --set loader.box_columns='[\"left\", ...]'"
        )
    return known


def _known_box(names: Sequence[str]) -> tuple[list[int], bool] | None:
    for kinds, extents in ((_EDGES, False), (_EXTENTS, True)):
        for prefix in _PREFIXES:
            for kind in kinds:
                if columns := _all([prefix + word for word in kind], names):
                    return columns, extents
    return None


def _all(words: Sequence[str], names: Sequence[str]) -> list[int] | None:
    plain = [_plain(word) for word in words]
    return [names.index(word) for word in plain] if all(word in names for word in plain) else None


def _pick(
    chosen: str, option: str, known: Sequence[str], cells: Sequence[str], names: Sequence[str], table: str
) -> int | None:
    if chosen:
        if _plain(chosen) not in names:
            raise UserError(f"{table} has no column '{chosen}' ({option}): {nearest(chosen, cells)}")
        return names.index(_plain(chosen))
    return next((names.index(word) for word in map(_plain, known) if word in names), None)


def _missing(what: str, option: str, cells: Sequence[str], table: str) -> UserError:
    return UserError(
        f"{table} has no column for the {what}, only {_listed(cells)}: name it with --set"
        f" loader.{option}=NAME"
    )


def _plain(name: str) -> str:
    """Lower case without blanks, underscores and the like: XMin, x_min and xmin are the same."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(f"'{cell.strip()}'" for cell in cells)
