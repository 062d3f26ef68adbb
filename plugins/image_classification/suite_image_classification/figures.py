"""What people look at: where a classifier errs, how sure it is, and its worst mistakes as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from suite.charts import Axes, Line, matrix_chart, thinned
from suite.data import Examples
from suite.errors import UserError
from suite.evaluation import Figure, Gallery, Pairs, Picture, Table
from suite_image_classification.answers import Answers
from suite_image_classification.ranking import Ranking
from suite_image_classification.scores import BINS, bin_of, calibration_pairs, per_class
from suite_pictures import pictures
from suite_pictures.encoding import jpeg
from suite_pictures.thumbnails import thumbnail

MOST_IN_MATRIX = 100
MOST_CONFUSIONS = 20
MOST_MISTAKES = 24
THUMBNAIL = 160


def figures_of(answers: Answers, pairs: Pairs) -> list[Figure]:
    """All figures that the answers allow, in the order of the report."""
    return list(_figures(answers, pairs))


def _figures(answers: Answers, pairs: Pairs) -> Iterator[Figure]:
    if not answers.multi_label:
        counts = confusion(answers)
        yield _matrix(answers, counts)
        if (counts.sum() - np.trace(counts)) > 0:
            yield _confused_most(answers, counts)
    mistakes = worst_mistakes(answers)
    if pairs.examples is not None and len(mistakes):
        yield _gallery(answers, pairs, pairs.examples, mistakes)
    if answers.scores is not None:
        yield _calibration(answers)
        ranking = Ranking(answers.membership, answers.scores)
        # A class has a ROC curve where there are examples both of it and of others.
        members = answers.membership.sum(axis=0)
        if ((members > 0) & (members < len(answers))).any():
            yield _roc(answers, ranking)
        if members.any():
            yield _precision_recall(answers, ranking)
    yield _classes(answers)


def confusion(answers: Answers) -> np.ndarray:
    """How often each class (row) was taken for each class (column): int64 (classes, classes)."""
    size = len(answers.classes)
    flat = np.bincount(answers.true * size + answers.predicted, minlength=size * size)
    return flat.reshape(size, size)


def _matrix(answers: Answers, counts: np.ndarray) -> Picture:
    names: Sequence[str] = answers.classes
    caption = (
        "A row holds the pictures of one class, a column those taken for one. Blue is right, orange is wrong;"
        " a stronger shade is a larger share of the row. Rare mistakes are shaded more than in proportion."
    )
    if len(names) > MOST_IN_MATRIX:
        errors = counts.sum(0) + counts.sum(1) - 2 * np.diag(counts)
        shown = np.sort(np.argsort(-errors, kind="stable")[:MOST_IN_MATRIX])
        counts, names = counts[np.ix_(shown, shown)], [names[index] for index in shown]
        caption += (
            f" Only the {MOST_IN_MATRIX} of {len(answers.classes)} classes with most mistakes are shown."
        )
    return Picture(
        title="Confusion matrix",
        content=matrix_chart("Confusion matrix", counts, names, row_label="true", column_label="taken for"),
        caption=caption,
    )


def _confused_most(answers: Answers, counts: np.ndarray) -> Table:
    totals = counts.sum(axis=1)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    cells = [divmod(int(cell), len(totals)) for cell in order if wrong.flat[cell] > 0]
    return Table(
        title="Classes confused most",
        columns=["true", "taken for", "pictures", "share of the true class"],
        rows=[
            [
                answers.classes[row],
                answers.classes[column],
                int(wrong[row, column]),
                f"{100 * wrong[row, column] / totals[row]:.1f} %",
            ]
            for row, column in cells
        ],
    )


def worst_mistakes(answers: Answers) -> np.ndarray:
    """The indices of wrong answers, those first that gave least probability to what is true."""
    if answers.multi_label:
        wrong = np.flatnonzero((answers.true != answers.predicted).any(axis=1))
        if answers.scores is None:
            badness = (answers.true != answers.predicted).sum(axis=1).astype(np.float64)
        else:
            of_truth = np.where(answers.true, answers.scores, 1 - answers.scores)
            badness = -np.log(np.clip(of_truth, 1e-12, 1)).sum(axis=1)
    else:
        wrong = np.flatnonzero(answers.true != answers.predicted)
        badness = np.zeros(len(answers))
        if answers.scores is not None:
            rows = np.arange(len(answers))
            own, taken = answers.scores[rows, answers.true], answers.scores[rows, answers.predicted]
            badness = taken - own
    return wrong[np.argsort(-badness[wrong], kind="stable")]


def _gallery(answers: Answers, pairs: Pairs, examples: Examples, mistakes: np.ndarray) -> Gallery:
    items: list[tuple[bytes, str]] = []
    unread = 0
    for index in mistakes.tolist():
        if len(items) == MOST_MISTAKES:
            break
        try:
            items.append((_thumbnail(examples[index].input), _mistake(answers, pairs, index)))
        except (UserError, OSError):
            unread += 1  # said in the caption: the scores stand although the picture is gone
    caption = f"{len(mistakes):,} of {len(answers):,} are wrong"
    if len(mistakes) > len(items) + unread:
        caption += "; these are the worst of them" if answers.scores is not None else "; these are the first"
    caption += "."
    if unread:
        caption += f" {unread} could not be read and are left out."
    return Gallery(title="Worst mistakes", items=items, caption=caption)


def _mistake(answers: Answers, pairs: Pairs, index: int) -> str:
    if answers.multi_label:
        taken, true = _labels(answers, answers.predicted[index]), _labels(answers, answers.true[index])
        return f"{taken}\nis {true}\n{pairs.ids[index]}"
    taken, true = answers.classes[answers.predicted[index]], answers.classes[answers.true[index]]
    sure = own = ""
    if answers.scores is not None:
        sure = f" {100 * answers.scores[index, answers.predicted[index]]:.0f} %"
        own = f" {100 * answers.scores[index, answers.true[index]]:.0f} %"
    return f"{taken}{sure}\nis {true}{own}\n{pairs.ids[index]}"


def _labels(answers: Answers, chosen: np.ndarray) -> str:
    return " + ".join(np.array(answers.classes, object)[chosen]) or "(none)"


def _thumbnail(raw: object) -> bytes:
    """A picture of at most 160 x 160 as JPEG; tiny ones are enlarged with their pixels kept square."""
    return jpeg(thumbnail(pictures.read(raw, at_least=THUMBNAIL), THUMBNAIL))


def _calibration(answers: Answers) -> Picture:
    confidence, correct = (array.ravel() for array in calibration_pairs(answers))
    bins = bin_of(confidence)
    counts = np.bincount(bins, minlength=BINS)
    right = np.bincount(bins, weights=correct, minlength=BINS) / np.maximum(counts, 1)
    sure = np.bincount(bins, weights=confidence, minlength=BINS) / np.maximum(counts, 1)
    axes = Axes(
        "Calibration: share that is right by confidence",
        x_range=(0, 1), y_range=(0, 1), x_label="confidence", y_label="", height=320,
    )  # fmt: skip
    what = "labels" if answers.multi_label else "pictures"
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
    axes.line(Line(name="as right as sure", x=[0, 1], y=[0, 1], colour=1, dashed=True))
    axes.line(Line(name="share that is right", x=[], y=[], colour=0))
    many = int(counts[-1])
    return Picture(
        title="Calibration",
        content=axes.svg(),
        caption=(
            "Of predictions that are 80 % sure, 80 % should be right. Where bars end below the dashed line,"
            f" the model is too sure. A paler bar holds fewer {what}; the last one holds {many:,} of"
            f" {len(confidence):,}."
        ),
    )


def _roc(answers: Answers, ranking: Ranking) -> Picture:
    curves = {}
    for index, name in enumerate(answers.classes):
        true, false = ranking.curve(index)
        if true[-1] and false[-1]:
            curves[name] = (false / false[-1], true / true[-1])
    axes = Axes(
        "ROC curves", x_range=(0, 1), y_range=(0, 1), x_label="share of the others taken for it",
        y_label="share of the class found", height=320,
    )  # fmt: skip
    areas = ranking.areas(np.ones(len(answers), np.int64))[0]
    _draw(axes, curves, dict(zip(answers.classes, areas.tolist(), strict=True)))
    axes.line(Line(name="", x=[0, 1], y=[0, 1], colour=7, dashed=True))
    return Picture(
        title="ROC curves", content=axes.svg(), caption=_about_curves(curves, "the dashed line is chance")
    )


def _precision_recall(answers: Answers, ranking: Ranking) -> Picture:
    curves = {}
    for index, name in enumerate(answers.classes):
        true, false = ranking.curve(index)
        if true[-1]:
            precision = true[1:] / (true[1:] + false[1:])
            curves[name] = (true[1:] / true[-1], precision)
    axes = Axes(
        "Precision and recall", x_range=(0, 1), y_range=(0, 1), x_label="recall: share of the class found",
        y_label="precision: share of the found that is right", height=320,
    )  # fmt: skip
    areas = ranking.areas(np.ones(len(answers), np.int64))[1]
    _draw(axes, curves, dict(zip(answers.classes, areas.tolist(), strict=True)))
    return Picture(
        title="Precision and recall",
        content=axes.svg(),
        caption=_about_curves(curves, "upper right is best"),
    )


def _draw(axes: Axes, curves: dict[str, tuple[np.ndarray, np.ndarray]], areas: dict[str, float]) -> None:
    """All curves: the three with the least area in colour, the others quiet; two classes in two colours."""
    ordered = sorted(curves, key=lambda name: areas[name])
    coloured = [name for name in curves if name in ordered[:3]]  # in the order of the classes
    for name in reversed(ordered):
        x, y = thinned(*curves[name])
        if name in coloured:
            axes.line(Line(name=f"{name} {areas[name]:.3f}", x=x, y=y, colour=coloured.index(name)))
        else:
            axes.line(Line(name="", x=x, y=y, colour=None))


def _about_curves(curves: Mapping[str, object], end: str) -> str:
    if len(curves) <= 3:
        return f"Each class against the rest, with the area under its curve; {end}."
    return f"Each class against the rest; the three with the least area under the curve are named; {end}."


def _classes(answers: Answers) -> Table:
    rows = per_class(answers)
    return Table(
        title="Classes",
        columns=["class", "pictures", "precision", "recall", "F1"],
        rows=[
            [name, int(row["examples"]), *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))]
            for name, row in sorted(rows.items(), key=lambda item: item[1]["f1"])
        ],
        caption="From the class that the model knows least to the one it knows best.",
    )
