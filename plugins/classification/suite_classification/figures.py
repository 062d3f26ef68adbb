"""The figures of classification: where a classifier errs, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from suite.figures import Axes, Figure, Image, Line, Table, matrix_chart, thinned
from suite_classification.arrays import LabelArrays
from suite_classification.metrics import BINS, bin_of, calibration_pairs, confusion, per_class
from suite_classification.ranking import Ranking

MAX_IN_MATRIX = 100
MAX_CONFUSIONS = 20


def figures_of(arrays: LabelArrays, items: str, mistakes: Sequence[Figure]) -> list[Figure]:
    """All figures that the predictions allow, in the order of the report.

    Args:
        arrays: targets and predictions.
        items: what is classified: "images", say.
        mistakes: the figures that show the worst mistakes.
    """
    return list(_figures(arrays, items, mistakes))


def _figures(arrays: LabelArrays, items: str, mistakes: Sequence[Figure]) -> Iterator[Figure]:
    if not arrays.multi_label:
        counts = confusion(arrays)
        yield _matrix(arrays, counts, items)
        if (counts.sum() - np.trace(counts)) > 0:
            yield _confused_most(arrays, counts, items)
    yield from mistakes
    if arrays.scores is not None:
        yield _calibration(arrays, items)
        ranking = Ranking(arrays.membership, arrays.scores)
        # A class has a ROC curve if there are examples both of it and of others.
        members = arrays.membership.sum(axis=0)
        if ((members > 0) & (members < len(arrays))).any():
            yield _roc(arrays, ranking)
        if members.any():
            yield _precision_recall(arrays, ranking)
    yield _classes(arrays, items)


def _matrix(arrays: LabelArrays, counts: np.ndarray, items: str) -> Image:
    names: Sequence[str] = arrays.classes
    caption = (
        f"A row holds the {items} of one class, a column those taken for one. Blue is right, orange is"
        " wrong; a stronger shade is a larger share of the row. Rare mistakes are shaded more than in"
        " proportion."
    )
    if len(names) > MAX_IN_MATRIX:
        errors = counts.sum(0) + counts.sum(1) - 2 * np.diag(counts)
        shown = np.sort(np.argsort(-errors, kind="stable")[:MAX_IN_MATRIX])
        counts, names = counts[np.ix_(shown, shown)], [names[index] for index in shown]
        caption += f" Only the {MAX_IN_MATRIX} of {len(arrays.classes)} classes with most mistakes are shown."
    return Image(
        title="Confusion matrix",
        content=matrix_chart("Confusion matrix", counts, names, row_label="true", column_label="taken for"),
        caption=caption,
    )


def _confused_most(arrays: LabelArrays, counts: np.ndarray, items: str) -> Table:
    totals = counts.sum(axis=1)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSIONS]
    cells = [divmod(int(cell), len(totals)) for cell in order if wrong.flat[cell] > 0]
    return Table(
        title="Classes confused most",
        columns=["true", "taken for", items, "share of the true class"],
        rows=[
            [
                arrays.classes[row],
                arrays.classes[column],
                int(wrong[row, column]),
                f"{100 * wrong[row, column] / totals[row]:.1f} %",
            ]
            for row, column in cells
        ],
    )


def _calibration(arrays: LabelArrays, items: str) -> Image:
    confidence, correct = (array.ravel() for array in calibration_pairs(arrays))
    bins = bin_of(confidence)
    counts = np.bincount(bins, minlength=BINS)
    right = np.bincount(bins, weights=correct, minlength=BINS) / np.maximum(counts, 1)
    sure = np.bincount(bins, weights=confidence, minlength=BINS) / np.maximum(counts, 1)
    axes = Axes(
        "Calibration: share that is right by confidence",
        x_range=(0, 1), y_range=(0, 1), x_label="confidence", y_label="", height=320,
    )  # fmt: skip
    what = "labels" if arrays.multi_label else items
    for index in np.flatnonzero(counts).tolist():
        title = f"confidence {sure[index]:.2f}: {right[index]:.2f} right, {counts[index]:,} {what}"
        bar = index / BINS + 0.004, (index + 1) / BINS - 0.004
        axes.bar(
            bar,
            (0, float(right[index])),
            0,
            0.25 + 0.65 * float(np.sqrt(counts[index] / counts.max())),
            title,
        )
    axes.line(Line(name="as right as sure", x=[0, 1], y=[0, 1], color=1, dashed=True))
    axes.line(Line(name="share that is right", x=[], y=[], color=0))
    many = int(counts[-1])
    return Image(
        title="Calibration",
        content=axes.svg(),
        caption=(
            "Of predictions that are 80 % sure, 80 % should be right. If bars end below the dashed line,"
            f" the model is too sure. A paler bar holds fewer {what}; the last one holds {many:,} of"
            f" {len(confidence):,}."
        ),
    )


def _roc(arrays: LabelArrays, ranking: Ranking) -> Image:
    curves = {}
    for index, name in enumerate(arrays.classes):
        true, false = ranking.curve(index)
        if true[-1] and false[-1]:
            curves[name] = (false / false[-1], true / true[-1])
    axes = Axes(
        "ROC curves", x_range=(0, 1), y_range=(0, 1), x_label="share of the others taken for it",
        y_label="share of the class found", height=320,
    )  # fmt: skip
    areas = ranking.areas(np.ones(len(arrays), np.int64))[0]
    _draw(axes, curves, dict(zip(arrays.classes, areas.tolist(), strict=True)))
    axes.line(Line(name="", x=[0, 1], y=[0, 1], color=7, dashed=True))
    return Image(
        title="ROC curves", content=axes.svg(), caption=_about_curves(curves, "the dashed line is chance")
    )


def _precision_recall(arrays: LabelArrays, ranking: Ranking) -> Image:
    curves = {}
    for index, name in enumerate(arrays.classes):
        true, false = ranking.curve(index)
        if true[-1]:
            precision = true[1:] / (true[1:] + false[1:])
            curves[name] = (true[1:] / true[-1], precision)
    axes = Axes(
        "Precision and recall", x_range=(0, 1), y_range=(0, 1), x_label="recall: share of the class found",
        y_label="precision: share of the found that is right", height=320,
    )  # fmt: skip
    areas = ranking.areas(np.ones(len(arrays), np.int64))[1]
    _draw(axes, curves, dict(zip(arrays.classes, areas.tolist(), strict=True)))
    return Image(
        title="Precision and recall",
        content=axes.svg(),
        caption=_about_curves(curves, "upper right is best"),
    )


def _draw(axes: Axes, curves: dict[str, tuple[np.ndarray, np.ndarray]], areas: dict[str, float]) -> None:
    """Draw all curves: the three with the smallest areas in color, the others in gray."""
    ordered = sorted(curves, key=areas.__getitem__)
    colored = [name for name in curves if name in ordered[:3]]  # in the order of the classes
    for name in reversed(ordered):
        x, y = thinned(*curves[name])
        if name in colored:
            axes.line(Line(name=f"{name} {areas[name]:.3f}", x=x, y=y, color=colored.index(name)))
        else:
            axes.line(Line(name="", x=x, y=y, color=None))


def _about_curves(curves: Mapping[str, object], end: str) -> str:
    if len(curves) <= 3:
        return f"Each class against the rest, with the area under its curve; {end}."
    return f"Each class against the rest; the three with the smallest area under the curve are named; {end}."


def _classes(arrays: LabelArrays, items: str) -> Table:
    rows = per_class(arrays)
    return Table(
        title="Classes",
        columns=["class", items, "precision", "recall", "F1"],
        rows=[
            [name, int(row["examples"]), *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))]
            for name, row in sorted(rows.items(), key=lambda item: item[1]["f1"])
        ],
        caption="From the class that the model knows least to the one it knows best.",
    )
