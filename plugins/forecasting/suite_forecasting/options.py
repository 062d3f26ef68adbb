"""Options of loaders, of networks and of prediction."""

from __future__ import annotations

from typing import Annotated, Literal

from suite.options import OF_DATA, Auto, Meta, Options

MAX_CONTEXT = 100_000
"""Values that a network sees, at most."""

MAX_HORIZON = 10_000
"""Steps that are predicted, at most."""

Horizon = Annotated[int, Meta(ge=1, le=MAX_HORIZON)]
Columns = str | tuple[str, ...]
"""Names of columns: one, several with commas between them, or a list."""


def names_in(columns: Columns) -> tuple[str, ...]:
    """The names of columns, however they were given."""
    if isinstance(columns, str):
        return tuple(name.strip() for name in columns.split(",") if name.strip())
    return columns


class SplitOptions(Options, frozen=True):
    """How series are cut into windows: by time, within each series."""

    horizon: Annotated[
        Auto | Horizon,
        Meta(
            description="steps that are predicted; auto: those of the test file, or what is usual (48 hours,"
            " 14 days, 13 weeks, 18 months, 8 quarters, 6 years) if the series are long enough"
        ),
    ] = "auto"
    season: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=100_000)],
        Meta(description="steps of the seasonal period, 1 for none; auto: by the frequency"),
    ] = "auto"
    windows: Annotated[
        int, Meta(ge=1, le=10_000, description="windows of each series that are the test split")
    ] = 1
    validation_windows: Annotated[
        int, Meta(ge=1, le=10_000, description="windows of each series that are the validation split")
    ] = 1
    stride: Annotated[
        Auto | Horizon, Meta(description="steps from one window to the next; auto: the horizon")
    ] = "auto"
    gap: Annotated[
        int, Meta(ge=0, le=100_000, description="steps between two splits that are left out of both")
    ] = 0
    max_history: Annotated[
        int,
        Meta(ge=16, le=10_000_000, description="values that an example has before its cutoff, at most"),
    ] = 10_000


class SeriesOptions(SplitOptions, frozen=True):
    """How series are read."""

    frequency: Annotated[
        str,
        Meta(
            description="of the series, as pandas calls it: h, D, 15min, W-SUN, MS; empty: found. Series with"
            " another one are left out"
        ),
    ] = ""
    missing: Annotated[
        Literal["keep", "previous", "zero"],
        Meta(description="what missing values become: they stay missing, the value before, or 0"),
    ] = "keep"
    duplicates: Annotated[
        Literal["last", "first", "mean", "sum"],
        Meta(description="which value counts if a series has several at one time"),
    ] = "last"


class TableOptions(SeriesOptions, frozen=True):
    """Series in tables."""

    id: Annotated[
        Columns, Meta(description="columns that name the series of a row; empty: found by their names")
    ] = ()
    time: Annotated[str, Meta(description="the column of the times; empty: found")] = ""
    target: Annotated[
        Columns, Meta(description="columns of values, each a series of its own; empty: found")
    ] = ()
    known: Annotated[
        Columns,
        Meta(description="columns of covariates that are known in the future (a holiday, a price)"),
    ] = ()
    past: Annotated[
        Columns, Meta(description="columns of covariates that are known up to now (a temperature)")
    ] = ()
    dates: Annotated[
        Literal["auto", "day-first", "month-first"],
        Meta(description="how to read 03/04/2024; auto: as far as all dates of the column leave no doubt"),
    ] = "auto"
    decimal: Annotated[
        Literal["auto", "point", "comma"],
        Meta(description="how to read 1,234; auto: as far as all numbers of the column leave no doubt"),
    ] = "auto"
    test: Annotated[
        str, Meta(description="the file with the values to be predicted; empty: by its name", extra=OF_DATA)
    ] = ""


class GluonOptions(SeriesOptions, frozen=True):
    """Series in lines of JSON."""


class TsfOptions(SeriesOptions, frozen=True):
    """Series in .tsf files."""


class ForecastModelOptions(Options, frozen=True):
    """What all networks have."""

    context: Annotated[
        Auto | Annotated[int, Meta(ge=2, le=MAX_CONTEXT)],
        Meta(description="values that a network sees; auto: a few seasons, by what the data allows"),
    ] = "auto"
    levels: Annotated[
        tuple[Annotated[float, Meta(gt=0, lt=1)], ...],
        Meta(min_length=1, max_length=99, description="of the quantiles that are predicted, 0.5 among them"),
    ] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


Units = Annotated[int, Meta(ge=1, le=4096)]
Share = Annotated[float, Meta(ge=0, lt=1)]


class LinearOptions(ForecastModelOptions, frozen=True):
    """A linear map from what was to what comes."""

    decompose: Annotated[
        bool,
        Meta(
            description="whether trend and rest have maps of their own (DLinear); else there is one (NLinear)"
        ),
    ] = True


class LayerOptions(ForecastModelOptions, frozen=True):
    """Networks of several layers."""

    members: Annotated[
        Auto | Annotated[int, Meta(ge=1, le=16)],
        Meta(description="networks of which the forecast is the mean; each sees another part of the context"),
    ] = "auto"
    width: Annotated[Auto | Units, Meta(description="units of a layer")] = "auto"
    dropout: Annotated[Auto | Share, Meta(description="share of units dropped in training")] = "auto"


class DenseOptions(LayerOptions, frozen=True):
    """Dense layers, with a linear map beside them."""

    depth: Annotated[
        Auto | Annotated[int, Meta(ge=0, le=16)],
        Meta(description="dense layers; 0: the linear map alone. auto: 0 for little data"),
    ] = "auto"


class MixerOptions(LayerOptions, frozen=True):
    """A small mixer."""

    depth: Annotated[Auto | Annotated[int, Meta(ge=1, le=16)], Meta(description="blocks")] = "auto"


class RecurrentOptions(LayerOptions, frozen=True):
    """A recurrent network."""

    depth: Annotated[Auto | Annotated[int, Meta(ge=1, le=8)], Meta(description="recurrent layers")] = "auto"
