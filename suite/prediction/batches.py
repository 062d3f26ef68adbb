"""A model for engines that map batches of columns: Ray Data, pandas UDFs of Spark and their like."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from suite.errors import UserError, nearest
from suite.host import Host
from suite.prediction.loading import FolderOrigin, describe
from suite.prediction.predictor import LoadedPipeline

ERROR = "error"
"""The column that says why a row has no prediction."""

_PREDICTION = "prediction"

_open: dict[str, LoadedPipeline] = {}
"""What is loaded in this process, by what it was loaded with: engines unpickle a function for every task."""

_opening = threading.Lock()


class Predictor:
    """Predicts for a batch of rows: columns in, the same columns and those of the predictions out.

    It is made quickly and pickled small: each process loads the network when it first predicts, once, from
    the folder, which has to lie at the same path on all machines.

        files.map_batches(suite.Predictor, fn_constructor_args=["run"], concurrency=4)   # Ray Data

    Each field of a prediction is a column: texts, numbers and truth values as they are, anything else as
    JSON. The column `error` says why a row has no prediction, and is empty where there is one. Where there
    is none, a text is empty, a number with a fraction NaN, and anything else None; so engines find the same
    types in every batch.

    Args:
        path: a run, a model folder or an exported folder.
        column: which column has the inputs: paths, texts, bytes or arrays, whatever the model reads. None
            takes the only one.
        prefix: of the names of the new columns.
        host: looks up the model builder; None takes what is installed.
        backend, device, threads, runtime, batch_size, options: as for `suite.load`.

    Raises:
        UserError: if `path` holds no pipeline, or as `suite.load` says.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        column: str | None = None,
        prefix: str = "",
        host: Host | None = None,
        backend: str = "auto",
        device: str = "auto",
        threads: int | None = None,
        runtime: str = "auto",
        batch_size: int = 32,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        described = describe(path, host=host, options=options)
        self._origin = FolderOrigin(
            folder=described.folder.absolute(),
            sha256=described.manifest.sha256,
            host=host,
            backend=backend,
            device=device,
            threads=threads,
            runtime=runtime,
            batch_size=batch_size,
            options=None if options is None else dict(options),
        )
        self._column = column
        self._prefix = prefix
        kind = described.task.item.prediction_class
        is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        fields = msgspec.structs.fields(kind) if is_struct else ()
        self._types = {field.encode_name: field.type for field in fields} or {_PREDICTION: Any}
        self._is_struct = is_struct

    def __call__(self, batch: Any) -> Any:
        """Predict for a batch.

        Args:
            batch: a mapping of columns to arrays or lists, as Ray Data gives it, or a pandas DataFrame, or a
                Series of inputs.

        Returns:
            Of a mapping a dict of arrays, of a DataFrame or Series a DataFrame with the same index: that of a
            Series has the new columns alone.

        Raises:
            UserError: if it is not known which column has the inputs, or a new column has the name of one
                that is there. Inputs that cannot be read raise nothing.
        """
        if hasattr(batch, "to_frame"):  # a Series
            return _frame(self._predicted(batch), batch.index)
        columns = {str(name): batch[name] for name in batch}
        added = self._predicted(columns[self._input_of(columns)])
        taken = sorted(columns.keys() & added.keys())
        if taken:
            raise UserError(
                f"the batch has a column '{taken[0]}' and so have the predictions: say"
                " suite.Predictor(..., prefix='predicted_')"
            )
        if hasattr(batch, "assign"):  # a DataFrame
            return batch.assign(**_frame(added, batch.index))
        return {**columns, **added}

    def _input_of(self, columns: Mapping[str, Any]) -> str:
        if self._column is None:
            if len(columns) != 1:
                raise UserError(
                    f"the batch has the columns {', '.join(columns)}: say which one has the inputs,"
                    " suite.Predictor(..., column=...)"
                )
            return next(iter(columns))
        if self._column not in columns:
            raise UserError(f"the batch has no column '{self._column}': {nearest(self._column, columns)}")
        return self._column

    def _predicted(self, values: Iterable[Any]) -> dict[str, np.ndarray]:
        raws = [value.item() if isinstance(value, np.generic) else value for value in values]
        pipeline = self._pipeline()
        rows: list[dict[str, Any]] = []
        errors: list[str | None] = []
        for result in pipeline.predict_each(raws, pipeline.batch_size):
            errors.append(result.error)
            rows.append({} if result.error is not None else self._row(result.prediction))
        added = {
            self._prefix + name: _array([row.get(name) for row in rows], kind)
            for name, kind in self._types.items()
        }
        return added | {self._prefix + ERROR: _array(errors, str)}

    def _row(self, prediction: Any) -> dict[str, Any]:
        plain = msgspec.to_builtins(prediction)
        return {name: plain.get(name) for name in self._types} if self._is_struct else {_PREDICTION: plain}

    def _pipeline(self) -> LoadedPipeline:
        host = self._origin.host
        plugins = [] if host is None else [(plugin.name, plugin.version) for plugin in host.plugins]
        key = repr((replace(self._origin, host=None), plugins))
        with _opening:
            if key not in _open:
                _open[key] = LoadedPipeline.of(self._origin.open(), self._origin, self._origin.batch_size)
            return _open[key]


def _array(values: list[Any], kind: Any) -> np.ndarray:
    """A column of the values of a field, with its type."""
    if kind is float:
        return np.array([math.nan if value is None else value for value in values], float)
    if kind in (int, bool) and None not in values:
        return np.array(values, kind)
    column = np.empty(len(values), object if values else str)
    column[:] = values if kind in (int, bool) else list(map(_text, values))
    return column


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()


def _frame(columns: Mapping[str, np.ndarray], index: Any) -> Any:
    import pandas as pd

    return pd.DataFrame(dict(columns), index=index)
