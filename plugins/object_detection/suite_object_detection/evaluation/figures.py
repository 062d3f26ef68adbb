"""What people look at: where a detector errs, how it depends on the threshold, and its worst mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from suite.evaluation import Pairs
from suite.figures import Axes, Figure, Image, Line, Table, line_chart, matrix_chart, thinned
from suite_object_detection.evaluation.errors import (
    KINDS,
    FalsePositives,
    confusion,
    false_positives,
    gains,
    missed,
)
from suite_object_detection.evaluation.galleries import galleries_of
from suite_object_detection.evaluation.matching import AREAS, IOU_THRESHOLDS
from suite_object_detection.evaluation.metrics import Scoring
from suite_object_detection.evaluation.thresholds import best_of, curve_of

MAX_IN_MATRIX = 60
BACKGROUND = "background"
MEANINGS = {
    "wrong class": "lies on a box of another class",
    "poor localization": "overlaps a box of its class, but by less than half",
    "wrong class and poor localization": "overlaps a box of another class, by less than half",
    "duplicate": "lies on a box that a detection with a higher score has found",
    "background": "there is nothing",
    "missed": "a box that nothing finds",
}


def figures_of(scoring: Scoring, pairs: Pairs) -> list[Figure]:
    """All figures that the pairs allow, in the order of the report."""
    boxes = scoring.arrays.detected.boxes[scoring.matching.detections]
    false = false_positives(scoring.arrays, scoring.outcomes, boxes)
    return list(_figures(scoring, pairs, boxes, false))


def _figures(scoring: Scoring, pairs: Pairs, boxes: np.ndarray, false: FalsePositives) -> Iterator[Figure]:
    outcomes = scoring.outcomes
    counts = confusion(scoring.arrays, outcomes, boxes, scoring.kept)
    if counts.any():
        yield _matrix(scoring, counts)
    if outcomes.ground_truth.any():
        yield _errors(scoring, false)
    if pairs.examples is not None:
        yield from galleries_of(scoring, pairs, pairs.examples, boxes, false)
    if outcomes.true_positive.any():
        yield _threshold(scoring)
        yield _precision_recall(scoring)
        yield _overlap(scoring)
    if scoring.arrays.classes:
        yield _classes(scoring)


def _matrix(scoring: Scoring, counts: np.ndarray) -> Image:
    names: Sequence[str] = [*scoring.arrays.classes, BACKGROUND]
    caption = (
        f"Detections with a score of at least {scoring.at_least} that overlap a box by half or more. A row"
        " holds the boxes of a class, a column what was found as this class. The last column holds boxes that"
        " nothing finds, the last row detections where no box is. Blue is right, orange is wrong; a stronger"
        " shade is a larger share of the row. Rare mistakes are shaded more than in proportion."
    )
    if len(names) > MAX_IN_MATRIX:
        errors = (counts.sum(0) + counts.sum(1) - 2 * np.diag(counts))[:-1]
        shown = np.sort(np.argsort(-errors, kind="stable")[: MAX_IN_MATRIX - 1])
        shown = np.append(shown, len(errors))
        caption += f" Only the {len(shown) - 1} of {len(errors)} classes with most mistakes are shown."
        counts, names = counts[np.ix_(shown, shown)], [names[index] for index in shown.tolist()]
    return Image(
        title="Confusion matrix",
        content=matrix_chart("Confusion matrix", counts, names, row_label="true", column_label="found as"),
        caption=caption,
    )


def _errors(scoring: Scoring, false: FalsePositives) -> Table:
    gained = gains(scoring.arrays, scoring.outcomes, false)
    counts = np.bincount(false.kind[scoring.kept[false.detection]], minlength=len(KINDS))
    lost = len(missed(scoring.arrays, scoring.outcomes, scoring.kept))
    numbers = dict(zip(KINDS, counts.tolist(), strict=True)) | {"missed": lost}
    return Table(
        title="Kinds of errors",
        columns=["kind", "what it is", "number", "mAP50 without them"],
        rows=[
            [kind, MEANINGS[kind], numbers[kind], f"{max(gained[kind], 0.0):+.3f}"]
            for kind in sorted(numbers, key=lambda kind: -gained[kind])
        ],
        caption=(
            f"The numbers are of detections with a score of at least {scoring.at_least}. The last column"
            " is how much mAP50 would rise if this kind alone were mended, at all scores (Bolya et al. 2020)."
        ),
    )


def _threshold(scoring: Scoring) -> Image:
    curve = curve_of(scoring.outcomes)
    axes = Axes(
        "Precision, recall and F1 by threshold", x_range=(0, 1), y_range=(0, 1),
        x_label="score from which detections are kept", y_label="", height=320,
    )  # fmt: skip
    for color, (name, values) in enumerate(
        (("F1", curve.f1), ("precision", curve.precision), ("recall", curve.recall))
    ):
        x, y = thinned(curve.thresholds, values)
        axes.line(Line(name=name, x=x, y=y, color=color))
    axes.mark(scoring.threshold, f"{scoring.threshold:g}")
    here = best_of(curve)
    caption = "Of all classes taken together, at an overlap of 0.5."
    if scoring.stored:
        caption += (
            f" The model's threshold is {scoring.threshold:g}; on these images F1 is highest,"
            f" {curve.f1.max():.3f}, at {here:g}."
        )
    else:
        caption += f" F1 is highest, {curve.f1.max():.3f}, at {here:g}."
    return Image(title="Threshold", content=axes.svg(), caption=caption)


def _precision_recall(scoring: Scoring) -> Image:
    axes = Axes(
        "Precision and recall", x_range=(0, 1), y_range=(0, 1), x_label="recall: share of the boxes found",
        y_label="precision: share of the detections that are right", height=320,
    )  # fmt: skip
    areas = scoring.precisions[:, 0, 0]
    classes = [index for index in np.argsort(areas, kind="stable").tolist() if np.isfinite(areas[index])]
    # The three with the least area in color, the others quiet; in the order of the classes.
    colored = sorted(classes[:3])
    for index in reversed(classes):
        curve = curve_of(scoring.outcomes, index)
        x, y = thinned(curve.recall, curve.precision)
        if index in colored:
            name = f"{scoring.arrays.classes[index]} {areas[index]:.3f}"
            axes.line(Line(name=name, x=x, y=y, color=colored.index(index)))
        else:
            axes.line(Line(name="", x=x, y=y, color=None))
    named = "" if len(classes) <= 3 else "; the three with the least area are named"
    return Image(
        title="Precision and recall",
        content=axes.svg(),
        caption=(
            f"Each class at an overlap of 0.5, with its AP50, the area under the curve{named}; upper right is"
            " best."
        ),
    )


def _overlap(scoring: Scoring) -> Image:
    lines = []
    for number, name in enumerate(AREAS):
        known = scoring.precisions[:, number]
        known = known[~np.isnan(known).any(axis=1)]
        if len(known):
            lines.append(
                Line(name=name, x=IOU_THRESHOLDS, y=known.mean(axis=0), color=number, dashed=number > 0)
            )
    return Image(
        title="Average precision by overlap",
        content=line_chart(
            "Average precision by overlap", lines, x_label="overlap from which a box counts as found"
        ),
        caption=(
            "The mean over the classes; mAP is the mean of the line of all boxes. A line that falls early"
            " finds objects but localizes them loosely. Small boxes are those of up to 32 x 32 pixels,"
            " large ones those of 96 x 96 or more."
        ),
    )


def _classes(scoring: Scoring) -> Table:
    rows = scoring.per_class
    numbers = {"AP": "map", "AP50": "map50", "precision": "precision", "recall": "recall", "F1": "f1"}
    return Table(
        title="Classes",
        columns=["class", "boxes", *numbers],
        rows=[
            [name, row["boxes"], *(f"{row[key]:.3f}" if key in row else "" for key in numbers.values())]
            for name, row in sorted(rows.items(), key=lambda item: item[1].get("map", 2.0))
        ],
        caption=(
            "From the class that the model knows least to the one it knows best. AP is over the overlaps from"
            f" 0.5 to 0.95; precision, recall and F1 are at the threshold {scoring.at_least}."
        ),
    )
