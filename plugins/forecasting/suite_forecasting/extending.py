"""What `api` offers to other packages in one call each: a data set from rows, a pipeline from layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from suite import UserError
from suite.data import Dataset
from suite.kit import SPLIT_NAMES, split_of_name
from suite.options import resolved
from suite.pipeline import TrainablePipeline
from suite_forecasting.builders import assemble
from suite_forecasting.options import ForecastModelOptions, SeriesOptions
from suite_forecasting.reading.numbers import numbers
from suite_forecasting.reading.problems import SeriesProblems
from suite_forecasting.reading.series import Gathering, Rows
from suite_forecasting.reading.times import times
from suite_forecasting.recipes import context_for, recipe_for
from suite_forecasting.splits import dataset_of
from suite_forecasting.survey import survey

if TYPE_CHECKING:
    from suite_forecasting.models.networks import Form, Window

ModelOptions = TypeVar("ModelOptions", bound=ForecastModelOptions)


class Value(NamedTuple):
    """A value of a series.

    Attributes:
        series: its name.
        time: a date, a date and a time, or the number of a step.
        value: a number or its text; None or an empty text if it is missing.
        line: where it stands, for messages.
    """

    series: str
    time: str
    value: str | float | None
    line: int


def series_of_values(
    path: Path, files: Mapping[str, Iterable[Value | tuple[Any, ...]]], options: SeriesOptions
) -> Dataset:
    """The data set of values in any order, with all checks.

    The frequency is found. Gaps, times that are there twice, rows out of order and cells that are no numbers
    are named as problems. Splits are made by time, within each series.

    Args:
        path: the data, as messages name it: what the loader got.
        files: the `Value`s of each file, by its name. The values of a file whose name says "test" or
            "validation" are this split; else the last ones of each series are.
        options: of the loader, of a class derived from `SeriesOptions`.

    Raises:
        suite.UserError: if there is no series, or they have no frequency in common.
    """
    if not files:
        raise UserError(f"{path} has no file of series")
    problems = SeriesProblems()
    gathering = Gathering(options, problems)
    for name, values in files.items():
        rows = [Value(*value) for value in values]
        names = list(dict.fromkeys(row.series for row in rows))
        code = {series: number for number, series in enumerate(names)}
        moments = times([row.time for row in rows], f"the times of {name}")
        found, bad = numbers([row.value for row in rows], f"the values of {name}")
        problems.add_no_numbers(
            f"{name}, line {rows[position].line}: {str(rows[position].value)[:40]}" for position in bad
        )
        gathering.add(
            Rows(
                file=name,
                part=SPLIT_NAMES.index(split_of_name(Path(name).stem) or "train"),
                names=names,
                groups=names,
                codes=np.array([code[row.series] for row in rows], np.int64),
                lines=np.array([row.line for row in rows], np.int64),
                times=moments.values,
                values=found,
                numbered=moments.numbered,
                zone=moments.zone,
            )
        )
    series = gathering.series()
    chosen = msgspec.structs.replace(options, frequency=series[0].frequency.alias)
    return dataset_of(series, chosen, problems=problems)


def pipeline(
    dataset: Dataset,
    options: ModelOptions,
    body: Callable[[Window, Form, ModelOptions], Any],
    *,
    defaults: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> TrainablePipeline:
    """The pipeline of a network that you say the middle of: with it come the codec, batches and the loss.

    What goes in is normalized (reversible instance normalization), what comes out becomes quantiles that do
    not cross, added to a simple seasonal forecast.

    Args:
        dataset: as the builder gets it.
        options: as the builder gets it, of a class derived from `ForecastModelOptions`.
        body: `body(window, form, options)` gives Keras tensors (batch, horizon, levels) from
            `window.values` and `window.observed`, float32 (batch, context), and `window.covariates`, float32
            (batch, numbers), or None. `form` has `horizon`, `levels` and `season`; `options` have no "auto"
            left. Layers that give zeros before training begin at the simple forecast.
        defaults: by the name of an option, what "auto" becomes; the context that is left out suits the data.
        recipe: values for the training options (epochs, learning_rate, ...); the user's win over them.

    Raises:
        suite.UserError: if nothing can be learned from the data.
    """
    from suite_forecasting.models.networks import Member

    data = survey(dataset)
    options = resolved(options, {"context": context_for(data), **(defaults or {})})

    def named(name: str, window: Window, form: Form) -> Any:
        return body(window, form, options)

    members = [Member(context=int(options.context), body=named)]
    return assemble(dataset, data, options, members, {**recipe_for(data), **(recipe or {})}, "network")
