"""What another package needs to add one network, or one format, to forecasting.

Frozen as the host's API is. Importing it costs nothing; what it offers is imported when it is first used.

A network is the middle of one: what it gets is normalized, and what it gives becomes quantiles.

    class PlainOptions(ForecastModelOptions, frozen=True):
        width: Annotated[int, Meta(ge=1, description="units of the layer")] = 64

    def build(dataset, options):
        return pipeline(dataset, options, body)

    def body(window, form, options):
        x = keras.layers.Dense(options.width, activation="relu")(window.values)
        x = keras.layers.Dense(form.horizon * len(form.levels))(x)
        return keras.layers.Reshape((form.horizon, len(form.levels)), dtype="float32")(x)

    suite.ModelBuilder(name="plain", task=TASK, build=build, codec=CODEC, options=PlainOptions)

A format:

    def load(path, options):
        values = [Value(series, time, value, line) for line, ... in enumerate(...)]
        return series_of_values(path, {path.name: values}, options)

`dataset_of` takes `Series` at regular times instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.kit import lazy_exports

if TYPE_CHECKING:
    from suite_forecasting.baseline import naive_forecast as naive_forecast
    from suite_forecasting.declaration import CODEC as CODEC
    from suite_forecasting.declaration import TASK as TASK
    from suite_forecasting.extending import Value as Value
    from suite_forecasting.extending import pipeline as pipeline
    from suite_forecasting.extending import series_of_values as series_of_values
    from suite_forecasting.frequencies import Frequency as Frequency
    from suite_forecasting.frequencies import frequency_of as frequency_of
    from suite_forecasting.frequencies import texts as texts
    from suite_forecasting.options import ForecastModelOptions as ForecastModelOptions
    from suite_forecasting.options import SeriesOptions as SeriesOptions
    from suite_forecasting.options import SplitOptions as SplitOptions
    from suite_forecasting.reading.series import Series as Series
    from suite_forecasting.splits import dataset_of as dataset_of
    from suite_forecasting.types import Facts as Facts
    from suite_forecasting.types import Forecast as Forecast
    from suite_forecasting.types import History as History
    from suite_forecasting.types import Target as Target

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "CODEC": "suite_forecasting.declaration",
            "Facts": "suite_forecasting.types",
            "Forecast": "suite_forecasting.types",
            "ForecastModelOptions": "suite_forecasting.options",
            "Frequency": "suite_forecasting.frequencies",
            "History": "suite_forecasting.types",
            "Series": "suite_forecasting.reading.series",
            "SeriesOptions": "suite_forecasting.options",
            "SplitOptions": "suite_forecasting.options",
            "TASK": "suite_forecasting.declaration",
            "Target": "suite_forecasting.types",
            "Value": "suite_forecasting.extending",
            "dataset_of": "suite_forecasting.splits",
            "frequency_of": "suite_forecasting.frequencies",
            "naive_forecast": "suite_forecasting.baseline",
            "pipeline": "suite_forecasting.extending",
            "series_of_values": "suite_forecasting.extending",
            "texts": "suite_forecasting.frequencies",
        },
    )
