"""Between series and arrays, and between the network's outputs and forecasts. numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from suite import UserError
from suite.kit import tables
from suite.pipeline import ArraySpec, Encoded, Signature, Stream, StructCodec
from suite.sources import source
from suite_forecasting.encoding import filled, last, scaled
from suite_forecasting.frequencies import Frequency, frequency_of, texts
from suite_forecasting.options import MAX_CONTEXT, MAX_HORIZON
from suite_forecasting.types import Forecast, History

STREAM_SUFFIXES = (*(suffix for suffix in tables.SUFFIXES if suffix.count(".") == 1), ".tsf", ".gz")
"""Files that hold series, one or many."""


@dataclass(frozen=True)
class _Window:
    """What `decode` must know of a series.

    Attributes:
        name: of the series.
        start: time of the first step that is predicted.
        frequency: of its steps.
        center: what was subtracted from its values.
        factor: what they were divided by.
    """

    name: str
    start: str
    frequency: str
    center: float
    factor: float


class ForecastCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes the end of a series and decodes the network's outputs to a `Forecast`.

    The network takes "values", float32 (context,), centered and scaled, and "observed", float32 (context,),
    1 where there is a value; "ratio", float32 (1,), for logarithms, see `suite_forecasting.encoding.Windows`;
    "known", float32 (context + horizon, K), and "past", float32 (context, P), if there are covariates. It
    gives "quantiles", float32 (horizon, levels). A shorter series has missing values before it.

    Attributes:
        context: how many of the last values the network sees.
        horizon: how many steps it predicts.
        levels: of the quantiles, rising, 0.5 among them.
        frequency: of the series that it learned from; see `suite_forecasting.types.Facts`.
        season: steps of the seasonal period.
        known: names of the covariates that are known in the future.
        known_means: what stands for missing values of each of them.
        past: names of the covariates that are known up to now.
        past_means: what stands for missing values of each of them.
        columns: how tables hold the series: the fact of this name.
    """

    context: int
    horizon: int
    levels: tuple[float, ...]
    frequency: str = ""
    season: int = 1
    known: tuple[str, ...] = ()
    known_means: tuple[float, ...] = ()
    past: tuple[str, ...] = ()
    past_means: tuple[float, ...] = ()
    columns: dict[str, Any] = {}  # noqa: RUF012 (msgspec copies it)

    called: ClassVar[str] = "forecasting codec"
    stream_suffixes: ClassVar[tuple[str, ...]] = STREAM_SUFFIXES
    input_ndim: ClassVar[int | None] = 1

    def __post_init__(self) -> None:
        if not 1 <= self.context <= MAX_CONTEXT or not 1 <= self.horizon <= MAX_HORIZON:
            raise ValueError(
                f"context is from 1 to {MAX_CONTEXT:,} steps, and horizon from 1 to {MAX_HORIZON:,}"
            )
        if 0.5 not in self.levels:
            raise ValueError("the levels lack 0.5, the median")
        if not all(0 < level < 1 for level in self.levels) or list(self.levels) != sorted(set(self.levels)):
            raise ValueError("the levels do not rise from above 0 to below 1")
        if len(self.known) != len(self.known_means) or len(self.past) != len(self.past_means):
            raise ValueError("there is not one mean for each covariate")

    def is_single(self, raw: Any) -> bool:
        """A list of numbers is a series."""
        return isinstance(raw, list | tuple) and all(
            value is None or (isinstance(value, int | float | np.number) and not isinstance(value, bool))
            for value in raw
        )

    def properties(self) -> Mapping[str, Any]:
        """What is predicted, and from what."""
        return {
            "horizon": self.horizon,
            "frequency": self.frequency,
            "season": self.season,
            "context": self.context,
            "levels": list(self.levels),
            "known": list(self.known),
            "past": list(self.past),
            "normalization": "a window less its mean, divided by its standard deviation",
        }

    def signature(self) -> Signature:
        """What the network takes and gives, as above."""
        inputs = {
            "values": ArraySpec((self.context,), "float32"),
            "observed": ArraySpec((self.context,), "float32"),
            "ratio": ArraySpec((1,), "float32"),
        }
        if self.known:
            inputs["known"] = ArraySpec((self.context + self.horizon, len(self.known)), "float32")
        if self.past:
            inputs["past"] = ArraySpec((self.context, len(self.past)), "float32")
        return Signature(inputs, ArraySpec((self.horizon, len(self.levels)), "float32"))

    def open_stream(self, source: Any) -> Stream | None:
        """The series of a table, each up to its last value."""
        if isinstance(source, str):
            return None
        from suite_forecasting.reading.streams import series_in

        return series_in(source, self.columns, self.frequency, self.horizon, self.known, self.past)

    def encode(self, raw: Any) -> Encoded:
        """A series, up to now, as the network's input.

        Args:
            raw: a `History`; a list or an array of numbers; or a table of one series.

        Raises:
            suite.UserError: if it is none, has no value at all, or is of another frequency than those that
                the network learned from.
        """
        history = self._history(raw)
        frequency = self._checked(history)
        windows = scaled(last(history.values, self.context)[None])
        arrays = {"values": windows.values[0], "observed": windows.observed[0], "ratio": windows.ratio}
        if not arrays["observed"].any():
            raise UserError(
                f"{_called(history)} has no value among the last {self.context} steps, which are all that the"
                " network sees"
            )
        length = len(history.values)
        if self.known:
            known = self._covariates(history, history.known, self.known, length + self.horizon)
            if np.isnan(known[length]).all():
                raise UserError(
                    f"{_called(history)} lacks the covariates {', '.join(self.known)} of the steps that are"
                    f" predicted: give rows for the next {self.horizon} steps, with these and without values"
                )
            arrays["known"] = filled(last(known, self.context + self.horizon), np.array(self.known_means))
        if self.past:
            past = self._covariates(history, history.past, self.past, length)
            arrays["past"] = filled(last(past, self.context), np.array(self.past_means))
        return Encoded(
            arrays,
            _Window(
                name=history.name,
                start=texts(history.start, frequency, [length])[0],
                frequency=frequency.alias,
                center=float(windows.center[0]),
                factor=float(windows.factor[0]),
            ),
        )

    def decode(self, outputs: Any, context: Any = None) -> Forecast:
        """The network's outputs for a series, in its own units.

        Args:
            outputs: of the network.
            context: that `encode` gave; None for outputs without a series.

        Raises:
            ValueError: if the outputs are no numbers.
        """
        window = _Window("", "0", "", 0.0, 1.0) if context is None else context
        quantiles = np.asarray(outputs["quantiles"] if isinstance(outputs, Mapping) else outputs, np.float64)
        if not np.isfinite(quantiles).all():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        # Rounding of an exported network must not let quantiles cross.
        values = np.maximum.accumulate(quantiles.T, axis=0) * window.factor + window.center
        return Forecast(
            name=window.name,
            start=window.start,
            frequency=window.frequency,
            levels=list(self.levels),
            values=values.tolist(),
        )

    def _history(self, raw: Any) -> History:
        if isinstance(raw, History):
            return raw
        if isinstance(raw, list | tuple | np.ndarray):
            try:
                values = np.array([np.nan if value is None else value for value in raw], np.float64)
            except (TypeError, ValueError):
                raise UserError("this is no list of numbers (None where one is missing)") from None
            return History(values=values)
        from suite_forecasting.reading.streams import single_series

        try:
            file = source(raw)
        except TypeError as error:
            raise UserError(f"this is no series: {error}, nor a list of numbers") from None
        return single_series(file, self.columns, self.frequency, self.horizon, self.known, self.past)

    def _checked(self, history: History) -> Frequency:
        values = history.values
        if values.ndim != 1 or not len(values):
            raise UserError(
                f"{_called(history)} has values of shape {values.shape}: give one number for each step"
            )
        frequency = frequency_of(history.frequency)
        if history.frequency and self.frequency:
            learned = frequency_of(self.frequency)
            if (learned.kind, learned.step) != (frequency.kind, frequency.step):
                raise UserError(
                    f"{_called(history)} has the frequency {history.frequency}, but this model learned from"
                    f" series of {self.frequency}: a step means something else there"
                )
        return frequency

    def _covariates(
        self, history: History, columns: np.ndarray | None, names: Sequence[str], length: int
    ) -> np.ndarray:
        if columns is None or columns.ndim != 2 or columns.shape[1] != len(names):
            raise UserError(
                f"{_called(history)} has no covariates {', '.join(names)}, which this model needs"
            )
        rows = columns[:length]
        missing = np.full((length - len(rows), len(names)), np.nan)
        return np.concatenate([rows, missing]) if len(missing) else rows


def _called(history: History) -> str:
    return f"the series '{history.name}'" if history.name else "the series"
