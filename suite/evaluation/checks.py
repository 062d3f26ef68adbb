"""What predictions and figures must satisfy, checked where they cross from one plugin to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

import msgspec

from suite.contributions import Task
from suite.data.checks import not_json
from suite.errors import PluginError, SuiteError, attributed
from suite.figures import Figure, Gallery, Image, Table


def check_predictions(predictions: Sequence[Any], task: Task, whose: str) -> None:
    """Refuse predictions of another type than the task's; the first is also written to JSON and read back.

    Args:
        predictions: what a codec decoded, or a baseline or reference model predicted.
        task: says of which type a prediction is.
        whose: how a message calls whoever made them.

    Raises:
        PluginError: if one is of another type.
    """
    kind = task.prediction_class
    if kind is None:
        reason = not_json(predictions[0]) if len(predictions) else ""
        if reason:
            raise PluginError(
                f"{whose} gives a prediction that {reason}: predictions of task '{task.name}' are plain JSON"
            )
        return
    for prediction in predictions:
        if not isinstance(prediction, kind):
            raise PluginError(
                f"{whose} gives {_article(prediction)} for a prediction: predictions of task '{task.name}'"
                f" are of the type {kind.__module__}.{kind.__qualname__}"
            )
    if len(predictions):
        try:
            msgspec.json.decode(msgspec.json.encode(predictions[0]), type=kind)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError) as error:
            raise PluginError(
                f"{whose} gives a {kind.__name__} that cannot be written to JSON and read back: {error};"
                " give its fields the types that the class declares (plain numbers, no arrays)"
            ) from None


def _article(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def made_figures(
    make: Callable[[], Iterable[Any]], whose: str, what: str = "left out of the report"
) -> tuple[list[Figure], list[str]]:
    """The figures that a plugin makes, and notes on those that it could not make.

    A training of hours is not lost to a defect of its figures.

    Args:
        make: makes the figures.
        whose: how a note calls the contribution.
        what: the beginning of a note if `make` fails.
    """
    try:
        with attributed(whose):
            figures = list(make())
        for figure in figures:
            check_figure(figure)
    except SuiteError as error:
        return [], [f"{what}: {error}"]
    except Exception as error:  # noqa: BLE001 - see above
        return [], [f"{what}, for a defect of {whose}: {described(error)}"]
    return figures, []


def described(error: Exception) -> str:
    """An error in a sentence of somebody else."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def check_figure(figure: Any) -> None:
    """Refuse what a report cannot show.

    Raises:
        TypeError: saying what is wrong with the figure.
    """
    if not isinstance(figure, get_args(Figure)):
        raise TypeError(f"{type(figure).__name__} is no figure of suite.figures")
    kind = type(figure).__name__
    for name in ("title", "caption"):
        if not isinstance(getattr(figure, name), str):
            raise TypeError(f"the {name} of a {kind} is text, not {getattr(figure, name)!r}")
    if isinstance(figure, Image):
        if not isinstance(figure.content, str | bytes) or not figure.content:
            raise TypeError(f"the content of the Image '{figure.title}' is neither SVG nor an encoded image")
    elif isinstance(figure, Table):
        for row in figure.rows:
            if isinstance(row, str) or len(row) != len(figure.columns):
                raise TypeError(
                    f"a row of the Table '{figure.title}' has not the {len(figure.columns)} cells of its"
                    f" columns: {row!r}"
                )
    elif isinstance(figure, Gallery):
        for item in figure.items:
            if not (
                isinstance(item, tuple)
                and len(item) == 2
                and isinstance(item[0], bytes)
                and isinstance(item[1], str)
            ):
                raise TypeError(f"an item of the Gallery '{figure.title}' is an encoded image and a caption")
    elif not all(hasattr(item, "caption") for item in figure.items):
        raise TypeError(f"the items of the {kind} '{figure.title}' have no caption")
